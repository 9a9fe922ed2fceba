// When a server wants to be asked again, carried inside its error.

#ifndef AISTUDIO_AUTH_SRC_CORE_RETRY_DELAY_H_
#define AISTUDIO_AUTH_SRC_CORE_RETRY_DELAY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace aistudio::auth::internal {

// What WithRetryDelay (token_source.h) put into `error`, if anything.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& error);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_RETRY_DELAY_H_
