#include "src/methods/refreshing.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth::internal {

std::string DescribeRefresh(const RefreshOptions& refresh) {
  return absl::StrCat(absl::FormatDuration(refresh.max_age), " ",
                      absl::FormatDuration(refresh.fetch_timeout), " ",
                      absl::FormatDuration(refresh.initial_backoff), " ",
                      absl::FormatDuration(refresh.max_backoff));
}

std::string IdentityOf(const std::vector<std::string>& parts,
                       const RefreshOptions& refresh) {
  std::size_t size = 128;
  for (const std::string& part : parts) size += part.size() + 24;
  // In one piece of memory, so that wiping it leaves no copy behind.
  std::string text;
  text.reserve(size);
  for (const std::string& part : parts) {
    absl::StrAppend(&text, part.size(), ":", part);
  }
  absl::StrAppend(&text, DescribeRefresh(refresh));
  std::string digest = Digest(text);
  Wipe(text);
  return digest;
}

absl::StatusOr<Credentials> ShareCredentials(ProviderSpec spec,
                                             const RefreshOptions& refresh,
                                             absl::Duration default_max_age,
                                             PluginFactory make_plugin) {
  const std::string method = spec.method;
  absl::StatusOr<RefreshPolicy> policy =
      MakeRefreshPolicy(refresh, default_max_age);
  if (!policy.ok()) return NameMethod(method, policy.status());
  spec.policy = *policy;
  absl::StatusOr<std::shared_ptr<Provider>> provider =
      RegistryCore::Of(refresh.registry)->Share(std::move(spec));
  if (!provider.ok()) return NameMethod(method, provider.status());
  return CredentialsState::MakeCredentials(*std::move(provider), make_plugin);
}

}  // namespace aistudio::auth::internal
