// Calls to the IAM token service.

#ifndef AISTUDIO_AUTH_SRC_IO_IAM_STUB_H_
#define AISTUDIO_AUTH_SRC_IO_IAM_STUB_H_

#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio_auth/iam.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"

namespace aistudio::auth::internal {

// Makes "host:port" of what IamOptions::endpoint holds: the port may be
// missing, an IPv6 address is in brackets. InvalidArgument for anything else,
// without quoting it: a secret may have been put there by mistake.
absl::StatusOr<std::string> NormalizeEndpoint(const std::string& endpoint);

// Calls `yandex.cloud.iam.v1.IamTokenService`.
//
// Each call has a channel of its own, as a channel that was reconnecting while
// gRPC's threads were taken up by calls that wait for a token never recovered;
// and it is driven and timed by the thread that makes it, so it needs none of
// gRPC's.
//
// Performance: a TCP and a TLS handshake for each call, about once per hour.
// Thread safety: one thread at a time makes a call; Cancel comes from any.
// Errors: the code is the RPC's. "<endpoint>: <what the service said, without
// secrets> [request id <uuid>]; <what to do>", with the server's retry delay if
// it named one.
class IamStub {
 public:
  // `endpoint` is normalized.
  IamStub(std::string endpoint, grpc::SslCredentialsOptions ssl);
  IamStub(const IamStub&) = delete;
  IamStub& operator=(const IamStub&) = delete;

  // Blocks for at most `timeout`; DEADLINE_EXCEEDED then. gRPC frees its copy
  // of the request without wiping it.
  absl::StatusOr<::aistudio_auth::wire::CreateIamTokenResponse> Create(
      const ::aistudio_auth::wire::CreateIamTokenRequest& request,
      absl::Duration timeout);

  // The same for the token of a service account, asked for by whoever
  // `authorization` ("Bearer ...") belongs to.
  absl::StatusOr<::aistudio_auth::wire::CreateIamTokenResponse>
  CreateForServiceAccount(
      const ::aistudio_auth::wire::CreateIamTokenForServiceAccountRequest&
          request,
      const std::string& authorization, absl::Duration timeout);

  // Makes a running call return CANCELLED at once. Means nothing to later ones.
  void Cancel();

  const std::string& endpoint() const { return endpoint_; }

 private:
  struct Rpc;
  class Running;

  template <typename Request>
  absl::StatusOr<::aistudio_auth::wire::CreateIamTokenResponse> Call(
      const Rpc& rpc, const Request& request, const std::string& authorization,
      absl::Duration timeout);

  const std::string endpoint_;
  const grpc::SslCredentialsOptions ssl_;
  std::mutex mutex_;
  grpc::ClientContext* running_ = nullptr;  // guarded by mutex_
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_IAM_STUB_H_
