// An API key.

#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/auth_plugin.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth {
namespace {

class ApiKeyAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "ApiKeyAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
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
