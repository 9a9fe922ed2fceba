// The numbers of refreshing: when, how often, how long. Pure arithmetic.

#ifndef AISTUDIO_AUTH_SRC_CORE_REFRESH_POLICY_H_
#define AISTUDIO_AUTH_SRC_CORE_REFRESH_POLICY_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"

namespace aistudio::auth::internal {

// Two clocks read at one moment; see clock.h for why there are two.
struct Instant {
  absl::Time wall;
  absl::Duration uptime;
};

// RefreshOptions with a method's own max_age filled in. `random` arguments
// below are uniform in [0, 1).
struct RefreshPolicy {
  absl::Duration max_age;
  absl::Duration fetch_timeout;
  absl::Duration initial_backoff;
  absl::Duration max_backoff;

  // How long after its arrival a token is replaced. `lifetime` may be infinite.
  absl::Duration RefreshAfter(absl::Duration lifetime, double random) const;

  // How long before its expiry a token is no longer put on new calls: time for
  // the call to arrive, and for clocks that disagree.
  static absl::Duration SafetyMargin(absl::Duration lifetime);

  struct Failure {
    int consecutive = 1;
    bool permanent = false;
    bool calls_wait = false;
    std::optional<absl::Duration> token_left;   // until it is unusable
    std::optional<absl::Duration> retry_delay;  // the server's wish
  };
  // The pause before the next attempt.
  absl::Duration Backoff(const Failure& failure, double random) const;
};

// Checks `options`, names the field at fault.
absl::StatusOr<RefreshPolicy> MakeRefreshPolicy(const RefreshOptions& options,
                                                absl::Duration default_max_age);

// Whether asking again soon is pointless (token_source.h lists the codes).
bool IsPermanent(absl::StatusCode code);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_REFRESH_POLICY_H_
