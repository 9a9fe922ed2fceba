// Files that hold a secret.

#ifndef AISTUDIO_AUTH_SRC_IO_SECRET_FILE_H_
#define AISTUDIO_AUTH_SRC_IO_SECRET_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"

namespace aistudio::auth::internal {

// Reads a regular file of at most `max_size` bytes whole. What was read of it
// is wiped if that fails, and no other copy stays behind. Never blocks on a
// pipe.
//
// Errors: "<what> <path>: <fault>; <advice>". NOT_FOUND, PERMISSION_DENIED,
// INVALID_ARGUMENT if it is too long or no regular file; else what errno says.
absl::Status ReadSecretFile(const std::string& path, std::size_t max_size,
                            const char* what, const char* advice,
                            std::string& text);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_SECRET_FILE_H_
