// The command line of the library: a table of commands.

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "openssl/crypto.h"
#include "src/cli/command.h"
#include "src/cli/commands.h"
#include "src/cli/demo.h"

namespace aistudio::auth::cli {
namespace {

ExitCode Main(const std::vector<std::string>& arguments) {
  const std::vector<Command> commands = {
      DemoCommand(),  DetectCommand(), CheckCommand(), HeaderCommand(),
      TokenCommand(), CallCommand(),   ChatCommand(),  FakeCloudCommand(),
  };

  const std::size_t position = CommandPosition(arguments);
  if (position == arguments.size()) {
    std::fputs(Overview(commands).c_str(), stderr);
    return kExitUsage;
  }
  const std::string& name = arguments[position];
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(Overview(commands).c_str(), stdout);
    return kExitOk;
  }
  if (name == "--version") {
    std::puts("aistudio-auth " AISTUDIO_AUTH_VERSION);
    return kExitOk;
  }
  for (const Command& command : commands) {
    if (command.name != name) continue;
    std::vector<std::string> others = arguments;
    others.erase(others.begin() + position);
    return RunCommand(command, others);
  }
  return UsageError("unknown command \"" + name + "\"", "");
}

}  // namespace
}  // namespace aistudio::auth::cli

int main(int argc, char** argv) {
#ifdef OPENSSL_INIT_NO_ATEXIT
  // When main returns, threads of gRPC may still be closing connections;
  // OpenSSL would free what they use (docs/decisions/0005-fork-and-exit.md).
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
#endif
  return aistudio::auth::cli::Main({argv + (argc > 0 ? 1 : 0), argv + argc});
}
