#include "src/sources/yc_cli_source.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/base/secret.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

constexpr absl::Duration kLifetime = absl::Hours(1);

std::vector<std::string> ArgumentsOf(const YcCommand& command) {
  std::vector<std::string> argv = {command.command, "iam", "create-token",
                                   "--no-user-output"};
  const std::pair<const char*, const std::string&> kFlags[] = {
      {"--profile", command.profile},
      {"--endpoint", command.endpoint},
      {"--impersonate-service-account-id",
       command.impersonate_service_account_id},
  };
  for (const auto& [flag, value] : kFlags) {
    if (value.empty()) continue;
    argv.emplace_back(flag);
    argv.push_back(value);
  }
  return argv;
}

// The last line that holds more than white space, without what is around it.
std::string LastLine(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n\v\f";
  const std::size_t last = text.find_last_not_of(kSpace);
  if (last == std::string::npos) return "";
  const std::size_t line_break = text.find_last_of('\n', last);
  const std::size_t line = line_break == std::string::npos ? 0 : line_break + 1;
  const std::size_t first = text.find_first_not_of(kSpace, line);
  return text.substr(first, last + 1 - first);
}

// The code of the RPC that failed, if yc named it as its language's gRPC does.
absl::StatusCode CodeIn(const std::string& errors) {
  const std::pair<const char*, absl::StatusCode> kNames[] = {
      {"Unauthenticated", absl::StatusCode::kUnauthenticated},
      {"PermissionDenied", absl::StatusCode::kPermissionDenied},
      {"NotFound", absl::StatusCode::kNotFound},
      {"InvalidArgument", absl::StatusCode::kInvalidArgument},
      {"Unavailable", absl::StatusCode::kUnavailable},
      {"DeadlineExceeded", absl::StatusCode::kDeadlineExceeded},
      {"ResourceExhausted", absl::StatusCode::kResourceExhausted},
      {"Internal", absl::StatusCode::kInternal},
  };
  for (const auto& [name, code] : kNames) {
    if (absl::StrContains(errors, absl::StrCat("code = ", name))) return code;
  }
  return absl::StatusCode::kFailedPrecondition;
}

}  // namespace

YcCliSource::YcCliSource(YcCommand command, absl::Duration timeout,
                         std::shared_ptr<Clock> clock)
    : command_(std::move(command)),
      timeout_(timeout),
      clock_(std::move(clock)) {}

std::string YcCliSource::DebugString() const {
  std::string text = absl::StrCat("command=", Redact(command_.command));
  if (!command_.profile.empty()) {
    absl::StrAppend(&text, ", profile=", command_.profile);
  }
  if (!command_.endpoint.empty()) {
    absl::StrAppend(&text, ", endpoint=", command_.endpoint);
  }
  if (!command_.impersonate_service_account_id.empty()) {
    absl::StrAppend(&text, ", impersonate_service_account_id=",
                    command_.impersonate_service_account_id);
  }
  return text;
}

absl::Status YcCliSource::Fault(absl::StatusCode code, const std::string& what,
                                const std::string& said,
                                const std::string& advice) const {
  const std::string shown =
      Redact(std::string(absl::StripAsciiWhitespace(said)));
  return absl::Status(code, absl::StrCat(Redact(command_.command), ": ", what,
                                         shown.empty() ? "" : ", and said: ",
                                         shown, "; ", advice));
}

absl::Status YcCliSource::NotRun(const absl::Status& why,
                                 const std::string& said) const {
  std::string what(why.message());
  switch (why.code()) {
    case absl::StatusCode::kNotFound:
      return Fault(why.code(), "is not installed, or not on PATH", "",
                   "install the command line of Yandex Cloud "
                   "(https://yandex.cloud/docs/cli/quickstart), or set "
                   "CliOptions::command to the path of yc");
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kInvalidArgument:
      return Fault(why.code(), what, "",
                   "set CliOptions::command to the path of yc, without "
                   "arguments, and check its mode");
    case absl::StatusCode::kDeadlineExceeded:
      return Fault(why.code(), what, said,
                   "run `yc iam create-token` by hand, it may want to be "
                   "logged in; or raise CliOptions::timeout");
    case absl::StatusCode::kOutOfRange:
      return Fault(absl::StatusCode::kInternal, what, said,
                   "check that CliOptions::command is yc");
    case absl::StatusCode::kCancelled:
      return Fault(why.code(), what, said, "it is run again when needed");
    default:
      return Fault(why.code(), what, said,
                   "raise the limits of processes, files or memory");
  }
}

absl::StatusOr<Token> YcCliSource::Fetch(absl::Time deadline) {
  std::string errors;
  auto result =
      process_.Run(ArgumentsOf(command_),
                   std::min(timeout_, deadline - clock_->Now()), &errors);
  if (!result.ok()) return NotRun(result.status(), errors);

  std::string token = LastLine(result->output);
  Wipe(result->output);
  // Without either, an application took the answer: the output has to do.
  const bool failed = result->exit_code.value_or(0) != 0;
  if (failed || result->signal.has_value()) {
    Wipe(token);
    if (failed) {
      return Fault(CodeIn(result->errors),
                   absl::StrCat("ended with exit status ", *result->exit_code),
                   result->errors,
                   "run `yc iam create-token` by hand, and `yc init` if it "
                   "has no profile");
    }
    return Fault(absl::StatusCode::kUnavailable,
                 absl::StrCat("was ended by signal ", *result->signal),
                 result->errors, "it is run again");
  }
  if (token.empty()) {
    return Fault(absl::StatusCode::kInternal, "printed no token",
                 result->errors, "run `yc iam create-token` by hand");
  }
  return Token{std::move(token), clock_->Now() + kLifetime};
}

}  // namespace aistudio::auth::internal
