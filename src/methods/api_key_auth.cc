// An API key.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/auth_plugin.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth {
namespace {

// Services that answer UNAUTHENTICATED to any API key: IAM itself, and the
// management of MCP gateways.
constexpr std::string_view kIamTokensOnly[] = {
    "yandex.cloud.iam.", "yandex.cloud.serverless.mcpgateway."};

class ApiKeyAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "ApiKeyAuth";
  explicit ApiKeyAuth(std::shared_ptr<const internal::Attachment> attachment)
      : AuthPlugin(std::move(attachment), Services::kSome) {}
  const char* GetType() const override { return kName; }

 protected:
  absl::Status CheckService(std::string_view service_url) const override {
    const std::string_view service =
        service_url.substr(service_url.rfind('/') + 1);
    for (const std::string_view package : kIamTokensOnly) {
      if (service.substr(0, package.size()) == package) {
        return absl::FailedPreconditionError(absl::StrCat(
            std::string(service),
            ": takes IAM tokens only, so the API key was not sent; use "
            "credentials that have one, such as "
            "ServiceAccountKeyFileCredentials"));
      }
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::StatusOr<Credentials> ApiKeyCredentials(std::string api_key) {
  constexpr std::size_t kLongestKey = 4096;
  if (absl::Status text =
          internal::CheckSecretText(api_key, kLongestKey, "api_key");
      !text.ok()) {
    internal::Wipe(api_key);
    return internal::NameMethod(ApiKeyAuth::kName, text);
  }
  std::string header = absl::StrCat("Api-Key ", api_key);
  internal::Wipe(api_key);
  return internal::CredentialsState::MakeCredentials(
      internal::MakeStaticProvider(ApiKeyAuth::kName, "",
                                   internal::Secret::Take(header)),
      internal::NewPlugin<ApiKeyAuth>);
}

}  // namespace aistudio::auth
