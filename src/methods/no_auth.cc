// No header at all.

#include "aistudio/auth/credentials.h"
#include "src/core/provider.h"
#include "src/grpc/auth_plugin.h"
#include "src/grpc/credentials_state.h"

namespace aistudio::auth {
namespace {

class NoAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "NoAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

}  // namespace

Credentials NoCredentials() {
  return internal::CredentialsState::MakeCredentials(
      internal::MakeStaticProvider(NoAuth::kName, "", internal::Secret()),
      internal::NewPlugin<NoAuth>);
}

}  // namespace aistudio::auth
