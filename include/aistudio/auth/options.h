// Options of the factories in credentials.h.

#ifndef AISTUDIO_AUTH_OPTIONS_H_
#define AISTUDIO_AUTH_OPTIONS_H_

#include <string>

#include "aistudio/auth/registry.h"
#include "grpcpp/security/credentials.h"

namespace aistudio::auth {

// Where and how IAM tokens are asked for.
struct IamOptions {
  // The IAM token service, "host:port"; TLS always.
  // Default: "iam.api.cloud.yandex.net:443".
  std::string endpoint = "iam.api.cloud.yandex.net:443";

  // Root certificates and client certificate for `endpoint`.
  // Default: empty, gRPC's default roots and no client certificate.
  grpc::SslCredentialsOptions ssl;

  // The `aud` claim of a service account's JWT. Change it only for an
  // installation that documents another one.
  // Default: empty, "https://iam.api.cloud.yandex.net/iam/v1/tokens".
  std::string jwt_audience;

  // Default: see RefreshOptions.
  RefreshOptions refresh;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_OPTIONS_H_
