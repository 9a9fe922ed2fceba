// The commands of `aistudio-auth`, but the demo.

#ifndef AISTUDIO_AUTH_SRC_CLI_COMMANDS_H_
#define AISTUDIO_AUTH_SRC_CLI_COMMANDS_H_

#include "src/cli/command.h"

namespace aistudio::auth::cli {

Command CallCommand();
Command ChatCommand();
Command CheckCommand();
Command DetectCommand();
Command FakeCloudCommand();
Command HeaderCommand();
Command TokenCommand();

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_COMMANDS_H_
