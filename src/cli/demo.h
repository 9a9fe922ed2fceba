// `aistudio-auth demo`.

#ifndef AISTUDIO_AUTH_SRC_CLI_DEMO_H_
#define AISTUDIO_AUTH_SRC_CLI_DEMO_H_

#include "src/cli/command.h"

namespace aistudio::auth::cli {

Command DemoCommand();

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_DEMO_H_
