// Tokens from the `yc` command line.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/methods/refreshing.h"
#include "src/sources/yc_cli_source.h"

namespace aistudio::auth {
namespace {

class YandexCloudCliAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "YandexCloudCliAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

constexpr std::size_t kLongestValue = 1024;

// By then yc has been ended, and what it said is known.
constexpr absl::Duration kTimeToEnd = absl::Seconds(1);

// Values are shown in errors and go on a command line, which others can read; a
// secret put there by mistake must not.
absl::Status CheckValue(const std::string& value, const char* field,
                        bool is_path) {
  const auto fault = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": ", what, "; pass it as yc knows it, without flags"));
  };
  if (value.size() > kLongestValue) return fault("is too long");
  if (!value.empty() && value.front() == '-') return fault("begins with '-'");
  for (const unsigned char c : value) {
    // Paths may hold blanks, and bytes of any language.
    if (is_path ? absl::ascii_iscntrl(c) : !absl::ascii_isgraph(c)) {
      return fault("holds a byte that is not printable");
    }
  }
  if (!is_path && internal::Redact(value) != value) {
    return fault("looks like a secret");
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const CliOptions& options, const char* profile_from) {
  if (options.command.empty()) {
    return absl::InvalidArgumentError(
        "CliOptions::command: is empty; pass \"yc\", or its path");
  }
  if (options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "CliOptions::timeout: is ", absl::FormatDuration(options.timeout),
        "; pass a duration above zero or leave the default"));
  }
  for (const absl::Status& checked :
       {CheckValue(options.command, "CliOptions::command", /*is_path=*/true),
        CheckValue(options.profile, profile_from, /*is_path=*/false),
        CheckValue(options.endpoint, "CliOptions::endpoint",
                   /*is_path=*/false),
        CheckValue(options.impersonate_service_account_id,
                   "CliOptions::impersonate_service_account_id",
                   /*is_path=*/false)}) {
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credentials> YandexCloudCliCredentials(CliOptions options) {
  const char* profile_from = "CliOptions::profile";
  if (options.profile.empty()) {
    if (const char* profile = std::getenv("YC_PROFILE"); profile != nullptr) {
      options.profile = profile;
      profile_from = "YC_PROFILE";
    }
  }
  if (absl::Status checked = CheckOptions(options, profile_from);
      !checked.ok()) {
    return internal::NameMethod(YandexCloudCliAuth::kName, checked);
  }
  RefreshOptions refresh = options.refresh;
  if (refresh.fetch_timeout > absl::ZeroDuration()) {
    refresh.fetch_timeout =
        std::max(refresh.fetch_timeout, options.timeout + kTimeToEnd);
  }
  internal::ProviderSpec spec;
  spec.method = YandexCloudCliAuth::kName;
  spec.where = internal::Redact(options.command);
  spec.identity = internal::IdentityOf(
      {spec.method, options.command, options.profile, options.endpoint,
       options.impersonate_service_account_id,
       absl::FormatDuration(options.timeout)},
      refresh);
  // So that no yc outlives the program that ran it.
  spec.interrupt_at_exit = true;
  const auto registry = internal::RegistryCore::Of(refresh.registry);
  spec.source = std::make_shared<internal::YcCliSource>(
      internal::YcCommand{options.command, options.profile, options.endpoint,
                          options.impersonate_service_account_id},
      options.timeout, registry->clock());
  spec.name = spec.source->DebugString();
  return internal::ShareCredentials(std::move(spec), refresh,
                                    internal::kIamMaxAge,
                                    internal::NewPlugin<YandexCloudCliAuth>);
}

}  // namespace aistudio::auth
