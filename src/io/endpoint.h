// "host:port", checked.

#ifndef AISTUDIO_AUTH_SRC_IO_ENDPOINT_H_
#define AISTUDIO_AUTH_SRC_IO_ENDPOINT_H_

#include <string>

#include "absl/status/statusor.h"

namespace aistudio::auth::internal {

// Makes "host:port" of `text`: the port may be missing, an IPv6 address is in
// brackets. InvalidArgument for anything else, "<field>: <fault>; <advice>",
// without quoting it: a secret may have been put there by mistake.
absl::StatusOr<std::string> NormalizeHostPort(const std::string& text,
                                              int default_port,
                                              const char* field,
                                              const char* advice);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_ENDPOINT_H_
