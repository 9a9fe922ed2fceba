#include "src/core/retry_delay.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "aistudio/auth/token_source.h"

namespace aistudio::auth {
namespace {

constexpr char kPayload[] = "aistudio.auth/retry-delay";

}  // namespace

absl::Status WithRetryDelay(absl::Status error, absl::Duration delay) {
  if (!error.ok() && delay > absl::ZeroDuration()) {
    // By way of a view: what takes a std::string is a template, whose name
    // clang 18 and newer spell otherwise than the gcc that built the library.
    const std::string text = absl::FormatDuration(delay);
    error.SetPayload(kPayload, absl::Cord(absl::string_view(text)));
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
