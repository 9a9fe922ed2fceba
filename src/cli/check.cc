// `aistudio-auth check`.

#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/cli/commands.h"
#include "src/cli/credentials_flags.h"
#include "src/cli/output.h"

namespace aistudio::auth::cli {
namespace {

struct Finding {
  absl::Status status;
  CredentialsStats stats;
  std::string provider;
  std::string endpoint;
  absl::Duration took;
};

Finding Check() {
  Finding finding;
  const absl::Time start = absl::Now();
  const auto credentials = CredentialsFromFlags();
  finding.status = credentials.status();
  if (credentials.ok()) {
    finding.status = credentials->WaitUntilReady(absl::GetFlag(FLAGS_timeout));
    finding.stats = credentials->stats();
    finding.provider = internal::HideSecrets(credentials->DebugString());
    finding.endpoint =
        internal::HideSecrets(TokenEndpoint(finding.stats.method));
  }
  finding.took = absl::Now() - start;
  return finding;
}

// Empty if nobody knows, as of an API key.
std::string Expiry(const Finding& finding) {
  const absl::Time time = finding.stats.expires_at;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return "";
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

void PrintJson(const Finding& finding) {
  const std::string expiry = Expiry(finding);
  absl::PrintF(
      "{\"ok\":%s,\"code\":%s,\"message\":%s,\"method\":%s,\"provider\":%s,"
      "\"endpoint\":%s,\"expires_at\":%s,\"took_ms\":%.1f}\n",
      finding.status.ok() ? "true" : "false",
      Json(absl::StatusCodeToString(finding.status.code())),
      Json(std::string(finding.status.message())), Json(finding.stats.method),
      Json(finding.provider), Json(finding.endpoint),
      expiry.empty() ? "null" : Json(expiry),
      absl::ToDoubleMilliseconds(finding.took));
}

void PrintText(const Finding& finding) {
  const std::string expiry = Expiry(finding);
  absl::PrintF("method    %s\n", finding.stats.method);
  absl::PrintF("provider  %s\n", finding.provider);
  absl::PrintF("endpoint  %s\n",
               finding.endpoint.empty() ? "none" : finding.endpoint);
  if (expiry.empty()) {
    absl::PrintF("expires   unknown\n");
  } else {
    const absl::Duration left = finding.stats.expires_at - absl::Now();
    absl::PrintF("expires   %s (in %s)\n", expiry,
                 absl::FormatDuration(absl::Trunc(left, absl::Seconds(1))));
  }
  absl::PrintF("took      %.1f ms\n", absl::ToDoubleMilliseconds(finding.took));
}

ExitCode RunCheck(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) return UsageError("check takes flags only", "check");
  const std::string fault = CredentialsFlagsFault();
  if (!fault.empty()) return UsageError(fault, "check");

  const Finding finding = Check();
  if (absl::GetFlag(FLAGS_json)) {
    PrintJson(finding);
  } else if (!finding.stats.method.empty()) {
    PrintText(finding);
  }
  std::fflush(stdout);
  if (!finding.status.ok()) return Fail("check", finding.status);
  return Flushed("check", kExitOk);
}

}  // namespace

Command CheckCommand() {
  return {
      "check",
      "gets a token and tells about it",
      "[flags]",
      "Gets a token and prints the method, who is asked, when the token "
      "expires\n"
      "and how long it took; never the token. An API key or a ready token is "
      "not\n"
      "sent anywhere: that they are good, only a call shows.",
      "aistudio-auth check --service_account_key=key.json",
      {},
      &RunCheck,
      CredentialsFlags(),
      CredentialsFlagsHelp(),
  };
}

}  // namespace aistudio::auth::cli
