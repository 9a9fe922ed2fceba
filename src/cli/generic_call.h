// One call of any method, with raw bytes.

#ifndef AISTUDIO_AUTH_SRC_CLI_GENERIC_CALL_H_
#define AISTUDIO_AUTH_SRC_CLI_GENERIC_CALL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::cli {

// A TLS channel to `target`, with the certificates that the flags name.
absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelFromFlags(
    const std::string& target, const Credentials& credentials);

// "/pkg.Service/Method"?
bool LooksLikeSecret(const std::string& target);
bool IsMethod(const std::string& text);

struct CallResult {
  grpc::Status status;
  int responses = 0;
};

// Sends `request`, and hands on each response until the call ends or
// `on_response` returns false, which cancels it: unary and streaming methods
// look the same on the wire. A call that the service refuses with
// UNAUTHENTICATED before any response is reported, and made once more as soon
// as there is another header, if one comes within seconds.
//
// Thread safety: may be called from any thread.
CallResult CallMethod(
    const std::shared_ptr<grpc::Channel>& channel,
    const Credentials& credentials, const std::string& method,
    const std::string& request, absl::Duration timeout,
    const std::function<bool(const std::string&)>& on_response);

// The message of `status`, printable and without the header that the service
// may have repeated.
std::string MessageOf(const grpc::Status& status,
                      const Credentials& credentials);

// ExplainStatus with the same care.
std::string Explanation(const grpc::Status& status, const std::string& method,
                        const Credentials& credentials);

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_GENERIC_CALL_H_
