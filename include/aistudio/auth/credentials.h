// gRPC credentials for Yandex AI Studio.
//
//   auto credentials = aistudio::auth::ServiceAccountKeyFileCredentials("key.json");
//   if (!credentials.ok()) return credentials.status();
//   auto channel = grpc::CreateChannel("llm.api.cloud.yandex.net:443",
//                                      credentials->channel_credentials());
//   // Every RPC on the channel carries a valid `authorization` header from now
//   // on, unary or streaming; nobody thinks about tokens again.
//
// Which factory:
//   a service account outside the cloud   ServiceAccountKeyFileCredentials
//   one fixed secret, no token exchange   ApiKeyCredentials
//   a token that something else refreshes EnvIamTokenCredentials
//   a token at hand, for less than 12 h   IamTokenCredentials
//   a personal account, until end of 2026 OAuthTokenCredentials
//   anything else                         TokenSourceCredentials
//
// Errors, in all factories: bad input is InvalidArgument at once, and names the
// method and the fault, never the secret. What only a service can tell (a
// revoked key, no network) comes later, through the RPC: see CredentialsError.

#ifndef AISTUDIO_AUTH_CREDENTIALS_H_
#define AISTUDIO_AUTH_CREDENTIALS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/options.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/token_source.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth {

namespace internal {
class CredentialsState;
}  // namespace internal

// A handle to an identity that can sign RPCs. Copies share everything, and so do
// handles made by equal factory calls: one provider, one token, one request.
//
// Performance: copying costs a reference count. An RPC with a ready token costs
// what a plugin that returns a constant string costs; nobody waits for a refresh
// while the old token lives. Keep a handle (or what it returned) for as long as
// it is needed: dropping the last one forgets the token.
// Thread safety: all methods may be called from any thread. Destructors do not
// wait. After fork() the child's handles work again on first use, as far as
// gRPC itself does (GRPC_ENABLE_FORK_SUPPORT).
// Errors: a call that cannot get a header fails with the reason and never goes
// out without one. No error is final: the next attempt is always planned.
class Credentials {
 public:
  // What goes on a channel or, with ClientContext::set_credentials, on one call.
  // One object for all equal handles: share it freely, since each distinct object
  // on a channel costs a connection of its own. Do not put it on both the channel
  // and the call: the service would get two `authorization` headers.
  std::shared_ptr<grpc::CallCredentials> call_credentials() const;

  // TLS with `ssl`, and these credentials on every call. Equal handles and equal
  // options give the same object.
  std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
      const grpc::SslCredentialsOptions& ssl = {}) const;

  // The bare plugin, for code that composes plugins. Hand it to
  // grpc::MetadataCredentialsFromPlugin before asking it anything: the first
  // IsBlocking() is true, later ones only when the call has to wait for a token.
  std::unique_ptr<grpc::MetadataCredentialsPlugin> MakePlugin() const;

  // The header value, such as "Bearer t1...", for REST and for the handshake of a
  // WebSocket (Realtime API). Empty for NoCredentials. A secret. Never blocks: an
  // error if there is no token now. Ask again for every request, do not keep it.
  absl::StatusOr<std::string> AuthorizationHeader() const;

  // Waits until a call made now would carry a header: the start-up check. Returns
  // the reason if there is none after `timeout`, or as soon as waiting longer is
  // pointless (a permanent error, or RefreshOptions::fetch_timeout is over).
  absl::Status WaitUntilReady(absl::Duration timeout) const;

  // OK if a call made now would carry a header; else why not, with the true code
  // (an RPC shows UNAVAILABLE whatever happened, see CredentialsError).
  absl::Status status() const;

  // Tells that the service answered UNAUTHENTICATED to a call that carried exactly
  // this header value. If it is still the current one, the token is fetched anew
  // at once, one time, and at most every 10 seconds; the old one is used meanwhile.
  void ReportRejected(const std::string& authorization) const;

  // What the provider did so far.
  CredentialsStats stats() const;

  // Method and identity, such as "ServiceAccountKeyAuth{service_account=aje...}".
  std::string DebugString() const;

  // The same credentials, sending `x-folder-id` too. Only user accounts need it, a
  // service account has its folder. The id is checked here; if it cannot be a
  // header, status() and every RPC say so.
  Credentials WithFolderId(std::string folder_id) const;

  // The same credentials, for these hosts only: "llm.api.cloud.yandex.net",
  // "host:8443", or "*.api.cloud.yandex.net" for all below. Without a port, port
  // 443 is meant. A call to any other host fails before anything secret is sent.
  // An empty list allows none.
  Credentials WithAllowedHosts(std::vector<std::string> hosts) const;

  // The same credentials, with a token that lives at least `min_remaining` when a
  // call starts, for streams that live long. Refreshes come earlier for it. If the
  // tokens of this method never live that long, calls fail and say so.
  Credentials WithMinRemaining(absl::Duration min_remaining) const;

 private:
  friend class internal::CredentialsState;
  explicit Credentials(std::shared_ptr<internal::CredentialsState> state);

  std::shared_ptr<internal::CredentialsState> state_;
};

// An API key of a service account: `Authorization: Api-Key <key>`. Choose it for
// one program outside the cloud that calls AI Studio only; the key does not expire
// unless it was made so. Python SDK: APIKeyAuth, variable YC_API_KEY (read by
// detection, not here). Checked now: that it can be a header. Checked later, by the
// service: that it exists and its scope allows the call.
//
// Performance: a constant; no thread, no provider. Thread safety: any thread.
// Errors: InvalidArgument if empty, over 4096 bytes, or with white space, control
// or non-ASCII bytes inside. White space around it is trimmed.
//
//   auto credentials = ApiKeyCredentials(std::getenv("MY_KEY"));
absl::StatusOr<Credentials> ApiKeyCredentials(std::string api_key);

// A ready IAM token: `Authorization: Bearer <token>`. Choose it for short scripts
// and tests: it lives 12 hours at most and nothing renews it. Python SDK:
// IAMTokenAuth, variable YC_IAM_TOKEN. Checked now: that it can be a header.
// Checked later, by the service: all else.
//
// Performance, Thread safety, Errors: as ApiKeyCredentials; over 7168 bytes is
// refused, since servers limit headers to 8 KiB.
//
//   auto credentials = IamTokenCredentials(token_from_somewhere);
absl::StatusOr<Credentials> IamTokenCredentials(std::string iam_token);

// An IAM token in an environment variable that something else keeps fresh, such as
// DataSphere; read again for every RPC. Default: "YC_TOKEN", as in the Python SDK's
// EnvIAMTokenAuth. Checked now: the variable's name. Checked with every RPC: that
// it is set and can be a header.
//
// Performance: one getenv an RPC; no thread, no provider. Thread safety: that of
// getenv: calling setenv while other threads make RPCs is a data race.
// Errors: InvalidArgument for a name that is empty or holds '='.
//
//   auto credentials = EnvIamTokenCredentials();
absl::StatusOr<Credentials> EnvIamTokenCredentials(
    std::string variable = "YC_TOKEN");

// The OAuth token of a personal Yandex account, exchanged for IAM tokens. Yandex
// ends this exchange by the end of 2026: prefer ServiceAccountKeyFileCredentials.
// Python SDK: OAuthTokenAuth, variable YC_OAUTH_TOKEN (not read here). A user
// account may need WithFolderId. Checked now: that it can be a request field (4000
// bytes at most). Checked later, by IAM: that it is valid.
//
// Performance: one IAM request an hour, shared by equal credentials. Thread safety:
// any thread. Errors: InvalidArgument as in ApiKeyCredentials, and for options that
// cannot work.
//
//   auto credentials = OAuthTokenCredentials(std::getenv("YC_OAUTH_TOKEN"));
absl::StatusOr<Credentials> OAuthTokenCredentials(std::string oauth_token,
                                                  IamOptions options = {});

// A service account's authorized key: the JSON that `yc iam key create` writes,
// with "id", "service_account_id" and "private_key" (2048 bits or more, RSA).
// Choose it for servers outside the cloud: tokens renew themselves for as long as
// the key exists. Checked now: the JSON, the fields, the key. Checked later, by
// IAM: that the key belongs to the account.
//
// Performance: reading the key takes about a millisecond; afterwards one IAM
// request an hour, shared by equal credentials. Thread safety: any thread.
// Errors: InvalidArgument names the field that is missing or wrong.
//
//   auto credentials = ServiceAccountKeyCredentials(secret_store.Get("sa-key"));
absl::StatusOr<Credentials> ServiceAccountKeyCredentials(
    std::string key_json, IamOptions options = {});

// The same from a file, read once, now. Errors: also NotFound, PermissionDenied or
// InvalidArgument for a file that is missing, unreadable, or over 64 KiB.
//
//   auto credentials = ServiceAccountKeyFileCredentials("/etc/app/key.json");
absl::StatusOr<Credentials> ServiceAccountKeyFileCredentials(
    std::string path, IamOptions options = {});

// Tokens from a source of one's own (see token_source.h). Equal means: the same
// `source` object; it belongs to one registry. Checked now: that `source` is not
// null, and the options. Checked later: each token it returns.
//
// Performance: a fetch once per lifetime, on a thread of the library. Thread
// safety: any thread. Errors: InvalidArgument, also if this source is in use with
// other options. Default of RefreshOptions::max_age: 1 hour.
//
//   auto credentials = TokenSourceCredentials(std::make_shared<VaultTokens>());
absl::StatusOr<Credentials> TokenSourceCredentials(
    std::shared_ptr<TokenSource> source, RefreshOptions options = {});

// No credentials: calls go out without `authorization`. Choose it for public
// methods and for servers in tests, where code wants a Credentials.
Credentials NoCredentials();

// Gives back what gRPC hides. An RPC that failed for want of a token shows
// UNAVAILABLE, whatever the reason; its message carries code and reason in the form
//
//   aistudio-auth[<method>]: <CODE>: <where>: <what>; <what to do>
//
// Returns that code with "<method>: <where>: <what>; <what to do>", or OK if `rpc`
// did not fail for want of credentials (it succeeded, or the service refused it).
//
//   if (auto error = CredentialsError(status); !error.ok()) Alert(error);
absl::Status CredentialsError(const grpc::Status& rpc);

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_CREDENTIALS_H_
