#include "src/core/refresh_policy.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace aistudio::auth::internal {
namespace {

// Keeps a source that answers at once from being asked in a tight loop.
constexpr absl::Duration kShortestPause = absl::Milliseconds(50);

// However long a token still lives, and whatever a server wishes: an outage is
// noticed to be over within this.
constexpr absl::Duration kLongestPause = absl::Minutes(5);

// After a permanent error, in units of max_backoff: a minute by default.
constexpr int kPermanentFactor = 4;

}  // namespace

absl::Duration RefreshPolicy::RefreshAfter(absl::Duration lifetime,
                                           double random) const {
  const absl::Duration latest = lifetime == absl::InfiniteDuration()
                                    ? max_age
                                    : std::min(max_age, lifetime * 3 / 4);
  return latest * (1.0 - 0.1 * random);
}

absl::Duration RefreshPolicy::SafetyMargin(absl::Duration lifetime) {
  return std::min(absl::Seconds(30), lifetime / 10);
}

absl::Duration RefreshPolicy::Backoff(const Failure& failure,
                                      double random) const {
  absl::Duration ceiling = max_backoff;
  absl::Duration pause;
  if (failure.permanent) {
    ceiling = max_backoff * kPermanentFactor;
    pause = ceiling * (0.5 + 0.5 * random);
  } else {
    if (failure.token_left.has_value()) {
      // A source that is asked often while all is well may be asked as often
      // while it is not.
      ceiling = std::min(kLongestPause, std::max(max_age, initial_backoff));
    }
    // 2^30 half seconds are 17 years: beyond any ceiling.
    const int doublings = std::min(failure.consecutive - 1, 30);
    pause = std::min(initial_backoff * std::ldexp(1.0, doublings), ceiling) *
            random;
    if (failure.calls_wait) pause = std::min(pause, initial_backoff);
  }
  if (failure.retry_delay.has_value()) {
    pause = std::max(pause, std::min(*failure.retry_delay, kLongestPause));
  }
  // Never sleep through the end of a token that still lives.
  if (failure.token_left.has_value()) {
    pause = std::min(pause, *failure.token_left / 4);
  }
  return std::max(pause, std::min(kShortestPause, initial_backoff));
}

absl::StatusOr<RefreshPolicy> MakeRefreshPolicy(
    const RefreshOptions& options, absl::Duration default_max_age) {
  const std::pair<const char*, absl::Duration> durations[] = {
      {"max_age", options.max_age},
      {"fetch_timeout", options.fetch_timeout},
      {"initial_backoff", options.initial_backoff},
      {"max_backoff", options.max_backoff},
  };
  for (const auto& [field, value] : durations) {
    const bool may_be_zero = field == durations[0].first;
    if (value < absl::ZeroDuration() ||
        (value == absl::ZeroDuration() && !may_be_zero)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "RefreshOptions::", field, ": is ", absl::FormatDuration(value),
          "; pass a duration above zero or leave the default"));
    }
  }
  RefreshPolicy policy;
  policy.max_age = options.max_age == absl::ZeroDuration() ? default_max_age
                                                           : options.max_age;
  policy.fetch_timeout = std::min(options.fetch_timeout, absl::Hours(1));
  // Bounded, so that the next attempt is always planned.
  policy.initial_backoff = std::min(options.initial_backoff, absl::Hours(1));
  policy.max_backoff =
      std::clamp(options.max_backoff, policy.initial_backoff, absl::Hours(1));
  return policy;
}

bool IsPermanent(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

}  // namespace aistudio::auth::internal
