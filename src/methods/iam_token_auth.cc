// A ready IAM token.

#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/auth_plugin.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth {
namespace {

class IamTokenAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "IamTokenAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

}  // namespace

absl::StatusOr<Credentials> IamTokenCredentials(std::string iam_token) {
  if (absl::Status text = internal::CheckSecretText(
          iam_token, internal::kLongestToken, "iam_token");
      !text.ok()) {
    internal::Wipe(iam_token);
    return internal::NameMethod(IamTokenAuth::kName, text);
  }
  std::string header = absl::StrCat("Bearer ", iam_token);
  internal::Wipe(iam_token);
  return internal::CredentialsState::MakeCredentials(
      internal::MakeStaticProvider(IamTokenAuth::kName, "",
                                   internal::Secret::Take(header)),
      internal::NewPlugin<IamTokenAuth>);
}

}  // namespace aistudio::auth
