// `aistudio-auth detect`.

#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "aistudio/auth/credentials.h"
#include "src/cli/commands.h"
#include "src/cli/credentials_flags.h"
#include "src/cli/output.h"

namespace aistudio::auth::cli {
namespace {

std::string ToJson(const DetectionStep& step) {
  return absl::StrFormat(
      "{\"number\":%d,\"name\":%s,\"looks_at\":%s,\"chosen\":%s,\"reason\":%s,"
      "\"warning\":%s}",
      step.number, Json(step.name), Json(step.looks_at),
      step.chosen ? "true" : "false", Json(step.reason), Json(step.warning));
}

void Print(const std::vector<DetectionStep>& steps, const std::string& winner) {
  for (const DetectionStep& step : steps) {
    absl::PrintF("%s %d %-19s  %s: %s\n", step.chosen ? "*" : " ", step.number,
                 step.name, step.looks_at, step.reason);
    if (!step.warning.empty()) {
      absl::PrintF("    warning: %s\n", step.warning);
    }
  }
  absl::PrintF("%s\n", winner.empty() ? "nothing found" : winner);
}

ExitCode RunDetect(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return UsageError("detect takes flags only", "detect");
  }
  const std::string fault = CredentialsFlagsFault();
  if (!fault.empty()) return UsageError(fault, "detect");
  auto options = DetectionFromFlags();
  if (!options.ok()) return Fail("detect", options.status());

  std::vector<DetectionStep> steps;
  options->on_step = [&steps](const DetectionStep& step) {
    steps.push_back(step);
  };
  const auto credentials = DefaultCredentials(*options);
  const std::string winner = credentials.ok() ? credentials->DebugString() : "";
  if (absl::GetFlag(FLAGS_json)) {
    absl::PrintF(
        "{\"found\":%s,\"provider\":%s,\"steps\":[%s]}\n",
        credentials.ok() ? "true" : "false", Json(winner),
        absl::StrJoin(steps, ",", [](std::string* text, const auto& step) {
          absl::StrAppend(text, ToJson(step));
        }));
  } else {
    Print(steps, winner);
  }
  std::fflush(stdout);
  if (!credentials.ok()) return Fail("detect", credentials.status());
  return Flushed("detect", kExitOk);
}

}  // namespace

Command DetectCommand() {
  return {
      "detect",
      "shows which credentials the environment offers",
      "[flags]",
      "Walks the steps of DefaultCredentials and prints each that was looked "
      "at:\n"
      "why it was passed over, or that it was chosen. AISTUDIO_AUTH_METHOD "
      "pins\n"
      "one step by its name, such as \"metadata\".",
      "YC_METADATA_ADDR=127.0.0.1:8080 aistudio-auth detect",
      {"metadata_address=H", "yc_command=F", "profile=NAME", "iam_endpoint=H:P",
       "root_certificates=F", "json", "timeout=D"},
      &RunDetect,
  };
}

}  // namespace aistudio::auth::cli
