// `aistudio-auth header` and `aistudio-auth token`.

#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "aistudio/auth/credentials.h"
#include "src/cli/commands.h"
#include "src/cli/credentials_flags.h"
#include "src/cli/output.h"

namespace aistudio::auth::cli {
namespace {

absl::StatusOr<std::string> Header() {
  const auto credentials = CredentialsFromFlags();
  if (!credentials.ok()) return credentials.status();
  const absl::Status ready =
      credentials->WaitUntilReady(absl::GetFlag(FLAGS_timeout));
  if (!ready.ok()) return ready;
  auto header = credentials->AuthorizationHeader();
  if (header.ok() && header->empty()) {
    return absl::FailedPreconditionError(
        "these are no credentials: there is no header to print");
  }
  return header;
}

std::string Fault(const std::string& command,
                  const std::vector<std::string>& arguments) {
  // Not quoted: somebody may have pasted a secret.
  if (!arguments.empty()) return command + " takes flags only";
  return CredentialsFlagsFault();
}

ExitCode RunHeader(const std::vector<std::string>& arguments) {
  const std::string fault = Fault("header", arguments);
  if (!fault.empty()) return UsageError(fault, "header");
  const auto header = Header();
  if (!header.ok()) return Fail("header", header.status());
  std::fputs("aistudio-auth header: this is a secret; do not log or share it\n",
             stderr);
  absl::PrintF("Authorization: %s\n", *header);
  return Flushed("header", kExitOk);
}

ExitCode RunToken(const std::vector<std::string>& arguments) {
  const std::string fault = Fault("token", arguments);
  if (!fault.empty()) return UsageError(fault, "token");
  const auto header = Header();
  if (!header.ok()) return Fail("token", header.status());
  // Scripts take what is on stdout; only a person needs to be told.
  if (isatty(STDOUT_FILENO) == 1) {
    std::fputs("aistudio-auth token: this is a secret; do not share it\n",
               stderr);
  }
  absl::PrintF("%s\n", header->substr(header->find(' ') + 1));
  return Flushed("token", kExitOk);
}

}  // namespace

Command HeaderCommand() {
  return {
      "header",
      "prints the authorization header, for curl",
      "[flags]",
      "Gets a token and prints `Authorization: ...` on stdout. It is a secret.",
      "aistudio-auth header --metadata | curl -H @- https://llm.api...",
      {},
      &RunHeader,
      CredentialsFlags(),
      CredentialsFlagsHelp(),
  };
}

Command TokenCommand() {
  return {
      "token",
      "prints the bare token",
      "[flags]",
      "Gets a token and prints it on stdout, without a scheme; of an API key,\n"
      "the key. It is a secret.",
      "YC_TOKEN=$(aistudio-auth token --service_account_key=key.json)",
      {},
      &RunToken,
      CredentialsFlags(),
      CredentialsFlagsHelp(),
  };
}

}  // namespace aistudio::auth::cli
