// The extension point: how to fetch a token that this library does not know.
//
//   class VaultTokens final : public aistudio::auth::TokenSource {
//    public:
//     absl::StatusOr<aistudio::auth::Token> Fetch(absl::Time deadline) override
//     {
//       auto reply = vault_.Read("yandex/iam-token", deadline);
//       if (!reply.ok()) return reply.status();
//       return aistudio::auth::Token{reply->token, reply->expires_at};
//     }
//     std::string DebugString() const override { return "vault"; }
//     ...
//   };
//   auto credentials = aistudio::auth::TokenSourceCredentials(
//       std::make_shared<VaultTokens>(...));

#ifndef AISTUDIO_AUTH_TOKEN_SOURCE_H_
#define AISTUDIO_AUTH_TOKEN_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/export.h"

namespace aistudio::auth {

// An IAM token and the time it stops working.
struct Token {
  // The bare token, without "Bearer ". White space around it is trimmed.
  std::string value;

  // Wall-clock time. `absl::InfiniteFuture()` when unknown: the token is then
  // used until a newer one comes. Default: the Unix epoch, which is refused as
  // expired, so that a forgotten expiry is noticed.
  absl::Time expires_at;
};

// Fetches tokens of one identity. Choose it when no ready method fits; give it
// to `TokenSourceCredentials`, which does the caching, the refreshing ahead of
// expiry, the retrying and the sharing.
//
// Performance: called about once per token lifetime, on a thread of the
// library, never on one of gRPC's.
// Thread safety: one thread at a time calls `Fetch`, not always the same one.
// `Cancel` and `DebugString` may be called meanwhile from other threads.
// Errors: a status that says what, where, and what to do. UNAUTHENTICATED,
// PERMISSION_DENIED, INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION,
// UNIMPLEMENTED, OUT_OF_RANGE and ALREADY_EXISTS count as permanent: calls that
// wait for a token end with it, and the next attempt comes within a minute.
// Every other code is transient: calls go on waiting while it is tried again.
// An exception counts as INTERNAL. Texts that look like secrets are blotted out
// of messages, but do not put any in.
class AISTUDIO_AUTH_EXPORT TokenSource {
 public:
  virtual ~TokenSource() = default;

  // Returns a token that works now. May block until `deadline` (wall clock). A
  // later answer is still used if it is a good token, but calls no longer wait
  // for it.
  virtual absl::StatusOr<Token> Fetch(absl::Time deadline) = 0;

  // Makes a running `Fetch` return soon. Called when `deadline` has passed,
  // when the last credentials are dropped, at fork and at exit; more than once
  // while `Fetch` does not return. The source may be asked to fetch again
  // afterwards. Must not block.
  virtual void Cancel() {}

  // Names the source in errors and statistics, such as "vault:secret/iam".
  // Never a secret. Read once, when the credentials are made.
  virtual std::string DebugString() const = 0;
};

// Adds to an error when to ask again, as a server told it ("Retry-After",
// google.rpc.RetryInfo). The next attempt is made no earlier, unless a token
// that still lives would die meanwhile; at most 5 minutes are honoured.
AISTUDIO_AUTH_EXPORT absl::Status WithRetryDelay(absl::Status error,
                                                 absl::Duration delay);

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TOKEN_SOURCE_H_
