// URLs that a program names.

#ifndef AISTUDIO_AUTH_SRC_IO_HTTPS_URL_H_
#define AISTUDIO_AUTH_SRC_IO_HTTPS_URL_H_

#include <string>

#include "absl/status/statusor.h"

namespace aistudio::auth::internal {

// Whether `url` can be asked over HTTPS. Returns what of it may be shown, which
// is without its query. Otherwise InvalidArgument, "<field>: <fault>; write an
// https URL, such as <example>", which does not quote it.
absl::StatusOr<std::string> CheckHttpsUrl(const std::string& url,
                                          const char* field,
                                          const char* example);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_HTTPS_URL_H_
