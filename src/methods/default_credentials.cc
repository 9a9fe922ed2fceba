// Walks the table of steps in credentials.h.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"

namespace aistudio::auth {
namespace {

constexpr absl::Duration kLongestProbe = absl::Seconds(1);
constexpr absl::Duration kProbeOfTheUnknown = absl::Milliseconds(500);

// A step passes over (with a reason), finds credentials, or ends the walk.
struct Outcome {
  std::optional<Credentials> credentials;
  absl::Status error;
  std::string reason;
  std::string warning;
};

Outcome PassOver(std::string reason) {
  Outcome outcome;
  outcome.reason = std::move(reason);
  return outcome;
}

Outcome Take(absl::StatusOr<Credentials> credentials, std::string reason) {
  Outcome outcome;
  outcome.reason = std::move(reason);
  if (credentials.ok()) {
    outcome.credentials = *std::move(credentials);
  } else {
    outcome.error = credentials.status();
  }
  return outcome;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Outcome FromVariable(
    const char* name,
    const std::function<absl::StatusOr<Credentials>(std::string)>& make) {
  std::string value = Variable(name);
  if (value.empty()) return PassOver("not set");
  return Take(make(std::move(value)), "set");
}

Outcome FromWorkloadIdentity(const DefaultOptions& options) {
  WorkloadIdentityOptions identity;
  identity.subject_token_path = Variable("YC_WORKLOAD_IDENTITY_TOKEN_FILE");
  identity.service_account_id =
      Variable("YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID");
  identity.refresh = options.iam.refresh;
  if (identity.subject_token_path.empty() &&
      identity.service_account_id.empty()) {
    return PassOver("not set");
  }
  return Take(WorkloadIdentityCredentials(std::move(identity)), "set");
}

Outcome FromMetadata(const DefaultOptions& options, bool pinned) {
  const bool configured = !options.metadata.address.empty() ||
                          !Variable("YC_METADATA_ADDR").empty();
  absl::Duration timeout = options.probe_timeout;
  if (timeout <= absl::ZeroDuration()) {
    timeout = configured ? kLongestProbe : kProbeOfTheUnknown;
  }
  auto credentials = MetadataServiceCredentials(options.metadata);
  // Who names the method wants it, even if the service is not up yet.
  if (!credentials.ok() || pinned)
    return Take(std::move(credentials), "pinned");
  // The probe is the first fetch; where it succeeds, its token serves.
  const absl::Status ready =
      credentials->WaitUntilReady(std::min(timeout, kLongestProbe));
  if (!ready.ok()) {
    return PassOver(absl::StrCat("no token within the probe: ",
                                 std::string(ready.message())));
  }
  return Take(std::move(credentials), "answers");
}

bool IsOnPath(const std::string& command) {
  if (command.find('/') != std::string::npos) {
    return access(command.c_str(), X_OK) == 0;
  }
  const std::string path = Variable("PATH");
  const std::vector<std::string> folders = absl::StrSplit(path, ':');
  return std::any_of(
      folders.begin(), folders.end(), [&](const std::string& folder) {
        return !folder.empty() &&
               access(absl::StrCat(folder, "/", command).c_str(), X_OK) == 0;
      });
}

Outcome FromCli(const DefaultOptions& options, bool pinned) {
  // In a daemon nobody could answer what yc asks.
  if (!pinned && isatty(STDIN_FILENO) == 0) {
    return PassOver("stdin is no terminal");
  }
  if (!pinned && !IsOnPath(options.cli.command)) {
    return PassOver(
        absl::StrCat(internal::Redact(options.cli.command), " is not on PATH"));
  }
  return Take(YandexCloudCliCredentials(options.cli), "found");
}

struct Step {
  const char* name;
  const char* looks_at;
  std::function<Outcome(const DefaultOptions&, bool pinned)> look;
};

const std::vector<Step>& Steps() {
  static const auto* steps = new std::vector<Step>{
      {"api_key", "YC_API_KEY",
       [](const DefaultOptions&, bool) {
         return FromVariable("YC_API_KEY", ApiKeyCredentials);
       }},
      {"iam_token", "YC_IAM_TOKEN",
       [](const DefaultOptions&, bool) {
         return FromVariable("YC_IAM_TOKEN", IamTokenCredentials);
       }},
      {"service_account_key", "YC_SERVICE_ACCOUNT_KEY_FILE",
       [](const DefaultOptions& options, bool) {
         return FromVariable("YC_SERVICE_ACCOUNT_KEY_FILE",
                             [&](std::string path) {
                               return ServiceAccountKeyFileCredentials(
                                   std::move(path), options.iam);
                             });
       }},
      {"oauth_token", "YC_OAUTH_TOKEN",
       [](const DefaultOptions& options, bool) {
         Outcome outcome =
             FromVariable("YC_OAUTH_TOKEN", [&](std::string token) {
               return OAuthTokenCredentials(std::move(token), options.iam);
             });
         outcome.warning =
             "an OAuth token opens the whole account, and Yandex Cloud ends "
             "its "
             "exchange by the end of 2026; use a service account's key instead "
             "(YC_SERVICE_ACCOUNT_KEY_FILE)";
         return outcome;
       }},
      {"workload_identity",
       "YC_WORKLOAD_IDENTITY_TOKEN_FILE, "
       "YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID",
       [](const DefaultOptions& options, bool) {
         return FromWorkloadIdentity(options);
       }},
      {"metadata", "the metadata service (YC_METADATA_ADDR)", FromMetadata},
      {"env_iam_token", "YC_TOKEN",
       [](const DefaultOptions&, bool) {
         if (Variable("YC_TOKEN").empty()) return PassOver("not set");
         return Take(EnvIamTokenCredentials("YC_TOKEN"), "set");
       }},
      {"yc", "the yc command line on a terminal", FromCli},
  };
  return *steps;
}

void Warn(const std::string& warning) {
  static std::atomic<bool> warned{false};
  if (warned.exchange(true)) return;
  std::fprintf(stderr, "aistudio-auth: warning: %s\n", warning.c_str());
}

absl::Status NothingFound(const std::vector<std::string>& reasons,
                          const std::string& pinned) {
  if (!pinned.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "DefaultCredentials: AISTUDIO_AUTH_METHOD=", pinned,
        ": that step found nothing: ", absl::StrJoin(reasons, "; "),
        "; configure it, or unset AISTUDIO_AUTH_METHOD"));
  }
  return absl::NotFoundError(absl::StrCat(
      "DefaultCredentials: environment: holds no credentials: ",
      absl::StrJoin(reasons, "; "),
      "; set one of these variables, or name a method in the program"));
}

}  // namespace

absl::StatusOr<Credentials> DefaultCredentials(DefaultOptions options) {
  if (options.metadata.refresh.registry == nullptr) {
    options.metadata.refresh.registry = options.iam.refresh.registry;
  }
  if (options.cli.refresh.registry == nullptr) {
    options.cli.refresh.registry = options.iam.refresh.registry;
  }
  const std::string pinned = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(Variable("AISTUDIO_AUTH_METHOD")));
  if (pinned == "none") return NoCredentials();

  std::vector<std::string> reasons;
  bool known = pinned.empty();
  for (std::size_t i = 0; i < Steps().size(); ++i) {
    const Step& step = Steps()[i];
    if (!pinned.empty() && pinned != step.name) continue;
    known = true;
    Outcome outcome = step.look(options, !pinned.empty());
    DetectionStep report;
    report.number = static_cast<int>(i) + 1;
    report.name = step.name;
    report.looks_at = step.looks_at;
    report.chosen = outcome.credentials.has_value();
    report.reason = outcome.error.ok() ? outcome.reason
                                       : std::string(outcome.error.message());
    if (report.chosen) report.warning = outcome.warning;
    if (options.on_step) {
      options.on_step(report);
    } else if (!report.warning.empty()) {
      Warn(report.warning);
    }
    if (!outcome.error.ok()) return outcome.error;
    if (report.chosen) return *std::move(outcome.credentials);
    reasons.push_back(
        absl::StrCat(report.number, " ", step.looks_at, ": ", outcome.reason));
  }
  if (!known) {
    std::vector<std::string> names;
    for (const Step& step : Steps()) names.emplace_back(step.name);
    return absl::InvalidArgumentError(
        absl::StrCat("DefaultCredentials: AISTUDIO_AUTH_METHOD: names no "
                     "method; use one of ",
                     absl::StrJoin(names, ", "), ", none, or unset it"));
  }
  return NothingFound(reasons, pinned);
}

}  // namespace aistudio::auth
