// Starts a program.

#ifndef AISTUDIO_AUTH_SRC_IO_SPAWN_H_
#define AISTUDIO_AUTH_SRC_IO_SPAWN_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace aistudio::auth::internal {

// Starts `argv` without a shell and sets `process`: the leader of a new process
// group, with default signal handling and no signal blocked, nothing on stdin,
// `output` as stdout and `errors` as stderr (both above 2), this process's
// environment, and no other open files. NOT_FOUND, PERMISSION_DENIED,
// INVALID_ARGUMENT or RESOURCE_EXHAUSTED, as in Subprocess.
absl::Status Spawn(const std::vector<std::string>& argv, int output, int errors,
                   pid_t& process);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_SPAWN_H_
