// What commands read from files and from stdin.

#ifndef AISTUDIO_AUTH_SRC_CLI_INPUT_H_
#define AISTUDIO_AUTH_SRC_CLI_INPUT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace aistudio::auth::cli {

// For secrets and certificates; far above any real one.
constexpr std::size_t kMostOfSecret = 64 * 1024;

// The bytes of the file `path`, or of stdin for "-", which only one flag may
// name. Errors name `flag` and the path, never what was read.
absl::StatusOr<std::string> ReadInput(const std::string& flag,
                                      const std::string& path,
                                      std::size_t most_bytes);

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_INPUT_H_
