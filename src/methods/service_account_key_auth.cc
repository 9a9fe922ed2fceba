// A service account's authorized key, exchanged for IAM tokens.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/io/secret_file.h"
#include "src/methods/iam_methods.h"
#include "src/sources/iam_exchange.h"
#include "src/sources/service_account_key.h"

namespace aistudio::auth {
namespace {

class ServiceAccountKeyAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "ServiceAccountKeyAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

constexpr std::size_t kLongestKeyFile = 64 * 1024;
constexpr char kAdvice[] =
    "pass the path of the key's JSON file, and check its mode and owner";

}  // namespace

absl::StatusOr<Credentials> ServiceAccountKeyCredentials(std::string key_json,
                                                         IamOptions options) {
  internal::IamMethod method;
  method.name = ServiceAccountKeyAuth::kName;
  method.make_plugin = internal::NewPlugin<ServiceAccountKeyAuth>;
  method.identity = internal::Digest(key_json);
  auto key = internal::ServiceAccountKey::Parse(key_json);
  if (!key.ok()) return internal::NameMethod(method.name, key.status());
  method.make_source = [&](std::unique_ptr<internal::IamStub> stub,
                           std::shared_ptr<Clock> clock) {
    return std::make_shared<internal::ServiceAccountTokenSource>(
        *key, options.jwt_audience, std::move(stub), std::move(clock));
  };
  return internal::IamCredentials(method, options);
}

absl::StatusOr<Credentials> ServiceAccountKeyFileCredentials(
    std::string path, IamOptions options) {
  if (path.empty()) {
    return internal::NameMethod(
        ServiceAccountKeyAuth::kName,
        absl::InvalidArgumentError("service account key file: its path is "
                                   "empty; pass the path of the key's JSON "
                                   "file"));
  }
  std::string key_json;
  const absl::Status read = internal::ReadSecretFile(
      path, kLongestKeyFile, "service account key file", kAdvice, key_json);
  if (!read.ok()) {
    return internal::NameMethod(ServiceAccountKeyAuth::kName, read);
  }
  return ServiceAccountKeyCredentials(std::move(key_json), std::move(options));
}

}  // namespace aistudio::auth
