// What commands print.

#ifndef AISTUDIO_AUTH_SRC_CLI_OUTPUT_H_
#define AISTUDIO_AUTH_SRC_CLI_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "src/cli/command.h"

namespace aistudio::auth::cli {

// `text` as a JSON string, with its quotes. Bytes that are not UTF-8 become
// U+FFFD.
std::string Json(const std::string& text);

// Prints "aistudio-auth <command>: <CODE>: <message>" on stderr.
ExitCode Fail(const std::string& command, const absl::Status& status);

// Writes out what was printed: kExitFailed, said on stderr, if that cannot be
// done; else `code`.
ExitCode Flushed(const std::string& command, ExitCode code);

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_OUTPUT_H_
