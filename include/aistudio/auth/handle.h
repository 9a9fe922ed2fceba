// The handle that every factory returns. Include credentials.h, which has the
// factories too.

#ifndef AISTUDIO_AUTH_HANDLE_H_
#define AISTUDIO_AUTH_HANDLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/export.h"
#include "aistudio/auth/registry.h"
#include "grpcpp/security/credentials.h"

namespace aistudio::auth {

namespace internal {
class CredentialsState;
}  // namespace internal

// A handle to an identity that can sign RPCs. Copies share everything, and so
// do handles made by equal factory calls: one provider, one token, one request.
//
// Performance: copying costs a reference count. An RPC with a ready token costs
// what a plugin that returns a constant string costs; nobody waits for a
// refresh while the old token lives. Keep a handle (or what it returned) for as
// long as it is needed: dropping the last one forgets the token.
// Thread safety: all methods may be called from any thread. Destructors do not
// wait. After fork() the child's handles work again on first use, as far as
// gRPC itself does (GRPC_ENABLE_FORK_SUPPORT).
// Errors: a call that cannot get a header fails with the reason and never goes
// out without one. No error is final: the next attempt is always planned.
class AISTUDIO_AUTH_EXPORT Credentials {
 public:
  // What goes on a channel or, with ClientContext::set_credentials, on one
  // call. One object for all equal handles: share it freely, since each
  // distinct object on a channel costs a connection of its own. Do not put it
  // on both the channel and the call: the service would get two `authorization`
  // headers.
  std::shared_ptr<grpc::CallCredentials> call_credentials() const;

  // TLS with `ssl`, and these credentials on every call. Equal handles and
  // equal options give the same object.
  std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
      const grpc::SslCredentialsOptions& ssl = {}) const;

  // The bare plugin, for code that composes plugins. Hand it to
  // grpc::MetadataCredentialsFromPlugin before asking it anything: the first
  // IsBlocking() is true, later ones only when the call has to wait for a
  // token.
  std::unique_ptr<grpc::MetadataCredentialsPlugin> MakePlugin() const;

  // The header value, such as "Bearer t1...", for REST and for the handshake of
  // a WebSocket (Realtime API). Empty for NoCredentials. A secret. Never
  // blocks: an error if there is no token now. Ask again for every request, do
  // not keep it.
  absl::StatusOr<std::string> AuthorizationHeader() const;

  // Waits until a call made now would carry a header: the start-up check.
  // Returns the reason if there is none after `timeout` (DEADLINE_EXCEEDED if
  // the first attempt still runs), or as soon as waiting longer is pointless (a
  // permanent error, or RefreshOptions::fetch_timeout is over).
  absl::Status WaitUntilReady(absl::Duration timeout) const;

  // OK if a call made now would carry a header; else why not, with the true
  // code (an RPC shows UNAVAILABLE whatever happened, see CredentialsError).
  absl::Status status() const;

  // Tells that the service answered UNAUTHENTICATED to a call that carried
  // exactly this header value. If it is still the current one, the token is
  // fetched anew at once, one time, and at most every 10 seconds; the old one
  // is used meanwhile.
  void ReportRejected(const std::string& authorization) const;

  // What the provider did so far.
  CredentialsStats stats() const;

  // Method and identity, such as
  // "ServiceAccountKeyAuth{service_account=aje...}".
  std::string DebugString() const;

  // The same credentials, sending `x-folder-id` too. Only user accounts need
  // it, a service account has its folder. The id is checked here; if it cannot
  // be a header, status() and every RPC say so.
  Credentials WithFolderId(std::string folder_id) const;

  // The same credentials, for these hosts only: "llm.api.cloud.yandex.net",
  // "host:8443", or "*.api.cloud.yandex.net" for all below. Without a port,
  // port 443 is meant. A call to any other host fails before anything secret is
  // sent. An empty list allows none.
  Credentials WithAllowedHosts(std::vector<std::string> hosts) const;

  // The same credentials, with a token that lives at least `min_remaining` when
  // a call starts, for streams that live long. Refreshes come earlier for it.
  // If the tokens of this method never live that long, calls fail and say so.
  Credentials WithMinRemaining(absl::Duration min_remaining) const;

 private:
  friend class internal::CredentialsState;
  explicit Credentials(std::shared_ptr<internal::CredentialsState> state);

  std::shared_ptr<internal::CredentialsState> state_;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_HANDLE_H_
