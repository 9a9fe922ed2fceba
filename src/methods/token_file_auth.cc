// A token in a file that a sidecar keeps fresh.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/methods/refreshing.h"
#include "src/sources/token_file_source.h"

namespace aistudio::auth {
namespace {

class TokenFileAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "TokenFileAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

// A new file is to be noticed within a second.
constexpr absl::Duration kReadInterval = absl::Milliseconds(500);

absl::Status CheckPath(std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "path: is empty; pass the path of the token's file");
  }
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        "path: holds a zero byte; pass the path of the token's file");
  }
  // A long path of many folders is made of what tokens are made of, too; no
  // token begins with a slash.
  if (path.front() != '/' && internal::Redact(path) == "[redacted]") {
    return absl::InvalidArgumentError(
        "path: looks like a token; pass the path of its file, or use "
        "IamTokenCredentials");
  }
  // As it is now: a server changes its folder later.
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (!error) path = absolute.string();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credentials> TokenFileCredentials(std::string path,
                                                 FileOptions options) {
  if (absl::Status checked = CheckPath(path); !checked.ok()) {
    internal::Wipe(path);
    return internal::NameMethod(TokenFileAuth::kName, checked);
  }
  // Reading costs nothing, so a file that is missing is looked for as often as
  // a good one is looked at.
  RefreshOptions refresh = options.refresh;
  refresh.initial_backoff = std::min(refresh.initial_backoff, kReadInterval);
  refresh.max_backoff = std::min(refresh.max_backoff, kReadInterval);

  const auto registry = internal::RegistryCore::Of(refresh.registry);
  const auto source =
      std::make_shared<internal::TokenFileSource>(path, registry->clock());
  internal::ProviderSpec spec;
  spec.method = TokenFileAuth::kName;
  spec.name = source->DebugString();
  spec.where = source->where();
  spec.identity = internal::IdentityOf({spec.method, path}, refresh);
  spec.source = source;
  return internal::ShareCredentials(std::move(spec), refresh, kReadInterval,
                                    internal::NewPlugin<TokenFileAuth>);
}

}  // namespace aistudio::auth
