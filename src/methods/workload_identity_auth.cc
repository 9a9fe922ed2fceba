// A service account for which somebody else's token stands in.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/io/https_url.h"
#include "src/methods/refreshing.h"
#include "src/sources/token_exchange_source.h"

namespace aistudio::auth {
namespace {

class WorkloadIdentityAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "WorkloadIdentityAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

constexpr std::size_t kLongestId = 100;

absl::Status Fault(const char* field, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat("WorkloadIdentityOptions::", field, ": ", what));
}

absl::Status CheckServiceAccount(const std::string& id) {
  constexpr char kField[] = "service_account_id";
  if (id.empty()) {
    return Fault(kField, "is empty; pass the id of the service account");
  }
  // It is shown in errors; a token passed in its place would be too.
  const bool is_id = id.size() <= kLongestId &&
                     std::all_of(id.begin(), id.end(),
                                 [](unsigned char c) {
                                   return absl::ascii_isalnum(c) || c == '_' ||
                                          c == '.' || c == '-';
                                 }) &&
                     internal::Redact(id) == id;
  return is_id ? absl::OkStatus()
               : Fault(kField,
                       "is no id of a service account; pass its id, such as "
                       "aje1234567890abcdefg");
}

absl::Status CheckPath(const std::string& path) {
  constexpr char kField[] = "subject_token_path";
  if (path.empty()) {
    return Fault(kField, "is empty; pass the path of the subject token's file");
  }
  const bool is_jwt =
      absl::StartsWith(path, "eyJ") && !absl::StrContains(path, "/");
  if (is_jwt || path.find('\0') != std::string::npos) {
    return Fault(kField,
                 "is no path; pass the path of the subject token's file, not "
                 "the token");
  }
  return absl::OkStatus();
}

absl::Status CheckCaFile(const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(
      errno,
      absl::StrCat("WorkloadIdentityOptions::ca_file: ", internal::Redact(path),
                   " cannot be read; pass the path of a PEM file"));
}

absl::Status Check(const WorkloadIdentityOptions& options) {
  for (const absl::Status& checked :
       {CheckServiceAccount(options.service_account_id),
        CheckPath(options.subject_token_path), CheckCaFile(options.ca_file)}) {
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credentials> WorkloadIdentityCredentials(
    WorkloadIdentityOptions options) {
  constexpr const char* kMethod = WorkloadIdentityAuth::kName;
  if (absl::Status checked = Check(options); !checked.ok()) {
    return internal::NameMethod(kMethod, checked);
  }
  const auto shown_url = internal::CheckHttpsUrl(
      options.token_url, "WorkloadIdentityOptions::token_url",
      WorkloadIdentityOptions().token_url.c_str());
  if (!shown_url.ok()) {
    return internal::NameMethod(kMethod, shown_url.status());
  }
  const auto registry = internal::RegistryCore::Of(options.refresh.registry);
  internal::ProviderSpec spec;
  spec.method = kMethod;
  spec.where = *shown_url;
  spec.identity = internal::IdentityOf(
      {kMethod, options.service_account_id, options.subject_token_path,
       options.token_url, options.ca_file},
      options.refresh);
  internal::TokenExchangeSource::Settings settings;
  settings.service_account_id = std::move(options.service_account_id);
  settings.subject_token_path = std::move(options.subject_token_path);
  settings.token_url = std::move(options.token_url);
  settings.shown_url = *shown_url;
  settings.ca_file = std::move(options.ca_file);
  spec.source = std::make_shared<internal::TokenExchangeSource>(
      std::move(settings), registry->clock());
  spec.name = spec.source->DebugString();
  spec.interrupt_at_exit = true;
  return internal::ShareCredentials(std::move(spec), options.refresh,
                                    internal::kIamMaxAge,
                                    internal::NewPlugin<WorkloadIdentityAuth>);
}

}  // namespace aistudio::auth
