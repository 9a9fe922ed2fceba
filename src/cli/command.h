// What the commands of `aistudio-auth` have in common.

#ifndef AISTUDIO_AUTH_SRC_CLI_COMMAND_H_
#define AISTUDIO_AUTH_SRC_CLI_COMMAND_H_

#include <cstddef>
#include <string>
#include <vector>

namespace aistudio::auth::cli {

enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
};

struct Command {
  std::string name;
  std::string summary;  // one line
  std::string usage;    // what follows the name: "[flags]"
  std::string description;
  std::string example;

  // Names of absl flags in the order shown; what takes a value says what:
  // "count=N". F is a file; the shell completes it.
  std::vector<std::string> flags;

  ExitCode (*run)(const std::vector<std::string>& arguments);
  std::vector<std::string> shared_flags = {};  // more names, explained by:
  std::string shared_help = {};
};

// Parses what follows the command's name, and runs the command or prints its
// help. Faults go to stderr.
//
// absl's own parser is not used: it ends the process with 1 for a wrong flag as
// well as for --help, and accepts the flags of every command for each.
ExitCode RunCommand(const Command& command,
                    const std::vector<std::string>& arguments);

// Where in `arguments` the command's name stands; flags may come before it.
std::size_t CommandPosition(const std::vector<std::string>& arguments);

// The screen that lists `commands`.
std::string Overview(const std::vector<Command>& commands);

// Prints "aistudio-auth: <fault>" and where help is, on stderr.
ExitCode UsageError(const std::string& fault, const std::string& command);

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_COMMAND_H_
