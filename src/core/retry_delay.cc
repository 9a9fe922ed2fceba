#include "src/core/retry_delay.h"

#include <string>

#include "absl/strings/cord.h"
#include "aistudio/auth/token_source.h"

namespace aistudio::auth {
namespace {

constexpr char kPayload[] = "aistudio.auth/retry-delay";

}  // namespace

absl::Status WithRetryDelay(absl::Status error, absl::Duration delay) {
  if (!error.ok() && delay > absl::ZeroDuration()) {
    error.SetPayload(kPayload, absl::Cord(absl::FormatDuration(delay)));
  }
  return error;
}

namespace internal {

std::optional<absl::Duration> RetryDelayOf(const absl::Status& error) {
  const auto payload = error.GetPayload(kPayload);
  absl::Duration delay;
  if (!payload.has_value() ||
      !absl::ParseDuration(std::string(*payload), &delay)) {
    return std::nullopt;
  }
  return delay;
}

}  // namespace internal
}  // namespace aistudio::auth
