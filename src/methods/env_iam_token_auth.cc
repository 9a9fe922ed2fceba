// An IAM token in an environment variable.

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/core/provider.h"
#include "src/grpc/auth_plugin.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth {
namespace {

class EnvIamTokenAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "EnvIamTokenAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

}  // namespace

absl::StatusOr<Credentials> EnvIamTokenCredentials(std::string variable) {
  // The name is shown in errors; a token passed in its place would be too.
  const bool is_name =
      !variable.empty() && variable.size() <= 100 &&
      !absl::ascii_isdigit(static_cast<unsigned char>(variable.front())) &&
      std::all_of(
          variable.begin(), variable.end(),
          [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; }) &&
      internal::Redact(variable) == variable;
  if (!is_name) {
    return internal::NameMethod(
        EnvIamTokenAuth::kName,
        absl::InvalidArgumentError(
            "variable: is not the name of an environment variable; pass a name "
            "of letters, digits and '_', such as YC_TOKEN, not the token"));
  }
  return internal::CredentialsState::MakeCredentials(
      internal::MakeEnvironmentProvider(EnvIamTokenAuth::kName,
                                        std::move(variable)),
      internal::NewPlugin<EnvIamTokenAuth>);
}

}  // namespace aistudio::auth
