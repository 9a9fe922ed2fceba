// The stable form of errors that reach a program through gRPC.

#ifndef AISTUDIO_AUTH_SRC_GRPC_ERROR_FORMAT_H_
#define AISTUDIO_AUTH_SRC_GRPC_ERROR_FORMAT_H_

#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::internal {

// `error` with "<method>: " before its message; what factories and handles
// return.
absl::Status NameMethod(const std::string& method, const absl::Status& error);

// What a plugin returns for `error`. gRPC shows UNAVAILABLE and the message
// only, so the message carries all that CredentialsError reads back.
grpc::Status ToPluginStatus(const std::string& method,
                            const absl::Status& error);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_GRPC_ERROR_FORMAT_H_
