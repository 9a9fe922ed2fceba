#include "src/cli/command.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "src/base/text.h"

namespace aistudio::auth::cli {
namespace {

std::string NameOf(const std::string& flag) {
  return flag.substr(0, flag.find('='));
}

bool Takes(const Command& command, const std::string& name) {
  const auto has = [&](const std::vector<std::string>& flags) {
    return std::any_of(
        flags.begin(), flags.end(),
        [&](const std::string& flag) { return NameOf(flag) == name; });
  };
  return has(command.flags) || has(command.shared_flags);
}

bool AsksForHelp(const std::string& argument) {
  return argument == "--help" || argument == "-help" || argument == "-h";
}

std::string HelpScreen(const Command& command) {
  std::string text =
      absl::StrCat("Usage: aistudio-auth ", command.name, " ", command.usage,
                   "\n\n", command.description, "\n");
  if (!command.flags.empty()) absl::StrAppend(&text, "\nFlags:\n");
  std::size_t width = 0;
  for (const std::string& name : command.flags) {
    width = std::max(width, name.size());
  }
  for (const std::string& name : command.flags) {
    const absl::CommandLineFlag* const flag =
        absl::FindCommandLineFlag(NameOf(name));
    if (flag == nullptr) continue;
    const std::string value = flag->DefaultValue();
    absl::StrAppendFormat(&text, "  --%-*s  %s.%s\n", width, name, flag->Help(),
                          value.empty() ? "" : " Default: " + value);
  }
  if (!command.shared_help.empty()) {
    absl::StrAppend(&text, "\n", command.shared_help);
  }
  return absl::StrCat(text, "\nExample:\n  ", command.example, "\n");
}

struct FlagText {
  std::string name;
  std::optional<std::string> value;
};

FlagText SplitFlag(const std::string& argument) {
  const std::size_t name_start = absl::StartsWith(argument, "--") ? 2 : 1;
  const std::size_t equals = argument.find('=');
  FlagText text;
  text.name = argument.substr(name_start, equals == std::string::npos
                                              ? std::string::npos
                                              : equals - name_start);
  if (equals != std::string::npos) text.value = argument.substr(equals + 1);
  return text;
}

// Sets the flags of `command`; returns the arguments that are not flags.
absl::StatusOr<std::vector<std::string>> SetFlags(
    const Command& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> positional;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      positional.insert(positional.end(), arguments.begin() + i + 1,
                        arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      positional.push_back(argument);
      continue;
    }

    FlagText text = SplitFlag(argument);
    absl::CommandLineFlag* const flag =
        Takes(command, text.name) ? absl::FindCommandLineFlag(text.name)
                                  : nullptr;
    if (flag == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown flag --", text.name));
    }
    if (!text.value.has_value() && flag->IsOfType<bool>()) text.value = "true";
    if (!text.value.has_value() && i + 1 < arguments.size()) {
      text.value = arguments[++i];
    }
    if (!text.value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("flag --", text.name, " needs a value"));
    }
    std::string error;
    if (!flag->ParseFrom(*text.value, &error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("flag --", text.name, ": cannot read \"", *text.value,
                       "\"", error.empty() ? "" : ": ", error));
    }
  }
  return positional;
}

}  // namespace

ExitCode RunCommand(const Command& command,
                    const std::vector<std::string>& arguments) {
  if (std::any_of(arguments.begin(), arguments.end(), AsksForHelp)) {
    std::fputs(HelpScreen(command).c_str(), stdout);
    return kExitOk;
  }
  const auto positional = SetFlags(command, arguments);
  if (!positional.ok()) {
    return UsageError(std::string(positional.status().message()), command.name);
  }
  return command.run(*positional);
}

std::size_t CommandPosition(const std::vector<std::string>& arguments) {
  std::size_t i = 0;
  while (i < arguments.size() && absl::StartsWith(arguments[i], "-")) {
    const FlagText text = SplitFlag(arguments[i]);
    const absl::CommandLineFlag* const flag =
        absl::FindCommandLineFlag(text.name);
    if (flag == nullptr) break;
    const bool takes_next = !text.value.has_value() && !flag->IsOfType<bool>();
    i += takes_next ? 2 : 1;
  }
  return std::min(i, arguments.size());
}

std::string Overview(const std::vector<Command>& commands) {
  std::string text =
      "Usage: aistudio-auth [flags] COMMAND [flags]\n\n"
      "gRPC credentials for Yandex AI Studio, at the command line.\n\n"
      "Commands:\n";
  for (const Command& command : commands) {
    absl::StrAppendFormat(&text, "  %-10s %s\n", command.name, command.summary);
  }
  absl::StrAppend(&text,
                  "\n`aistudio-auth COMMAND --help` explains a command.\n"
                  "Exit code: 0 good, 1 failed, 2 wrong usage.\n\nExample:\n  ",
                  commands.front().example, "\n");
  return text;
}

ExitCode UsageError(const std::string& fault, const std::string& command) {
  absl::FPrintF(stderr, "aistudio-auth: %s; see `aistudio-auth %s`\n",
                // Somebody may have pasted a secret.
                internal::HideSecrets(fault),
                absl::StrCat(command, command.empty() ? "" : " ", "--help"));
  return kExitUsage;
}

}  // namespace aistudio::auth::cli
