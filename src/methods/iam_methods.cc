#include "src/methods/iam_methods.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "src/core/registry_core.h"
#include "src/grpc/error_format.h"
#include "src/methods/refreshing.h"

namespace aistudio::auth::internal {
namespace {

// Without this, gRPC does not work in a forked child in any case, and there is
// no reason to break off a fetch for a fork.
bool GrpcSupportsFork() {
  const char* value = std::getenv("GRPC_ENABLE_FORK_SUPPORT");
  if (value == nullptr) return false;
  const std::string lower = absl::AsciiStrToLower(value);
  return lower == "1" || lower == "t" || lower == "true" || lower == "y" ||
         lower == "yes";
}

}  // namespace

absl::StatusOr<Credentials> IamCredentials(const IamMethod& method,
                                           const IamOptions& options) {
  absl::StatusOr<std::string> endpoint = NormalizeEndpoint(options.endpoint);
  if (!endpoint.ok()) return NameMethod(method.name, endpoint.status());
  for (const unsigned char c : options.jwt_audience) {
    if (absl::ascii_iscntrl(c)) {
      return NameMethod(method.name,
                        absl::InvalidArgumentError(
                            "IamOptions::jwt_audience: holds a control byte; "
                            "leave it empty, or pass what the installation "
                            "documents"));
    }
  }
  const auto registry = RegistryCore::Of(options.refresh.registry);
  ProviderSpec spec;
  spec.method = method.name;
  spec.where = *endpoint;
  spec.identity =
      IdentityOf({method.name, method.identity, *endpoint, options.jwt_audience,
                  options.ssl.pem_root_certs, options.ssl.pem_private_key,
                  options.ssl.pem_cert_chain},
                 options.refresh);
  spec.source = method.make_source(
      std::make_unique<IamStub>(*endpoint, options.ssl), registry->clock());
  spec.name = spec.source->DebugString();
  spec.interrupt_at_fork = GrpcSupportsFork();
  spec.interrupt_at_exit = true;
  return ShareCredentials(std::move(spec), options.refresh, kIamMaxAge,
                          method.make_plugin);
}

}  // namespace aistudio::auth::internal
