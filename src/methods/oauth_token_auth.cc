// The OAuth token of a user account, exchanged for IAM tokens.

#include <memory>
#include <string>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/methods/iam_methods.h"
#include "src/sources/iam_exchange.h"

namespace aistudio::auth {
namespace {

class OAuthTokenAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "OAuthTokenAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

// The limit of the request's field in the service's API.
constexpr std::size_t kLongestOAuthToken = 4000;

}  // namespace

absl::StatusOr<Credentials> OAuthTokenCredentials(std::string oauth_token,
                                                  IamOptions options) {
  if (absl::Status text = internal::CheckSecretText(
          oauth_token, kLongestOAuthToken, "oauth_token");
      !text.ok()) {
    internal::Wipe(oauth_token);
    return internal::NameMethod(OAuthTokenAuth::kName, text);
  }
  internal::IamMethod method;
  method.name = OAuthTokenAuth::kName;
  method.make_plugin = internal::NewPlugin<OAuthTokenAuth>;
  method.identity = internal::Digest(oauth_token);
  method.make_source = [&](std::unique_ptr<internal::IamStub> stub,
                           std::shared_ptr<Clock> clock) {
    return std::make_shared<internal::OAuthTokenSource>(
        internal::Secret::Take(oauth_token), std::move(stub), std::move(clock));
  };
  auto credentials = internal::IamCredentials(method, options);
  internal::Wipe(oauth_token);
  return credentials;
}

}  // namespace aistudio::auth
