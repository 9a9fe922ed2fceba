// A clock that a test moves by hand.

#ifndef AISTUDIO_AUTH_TESTING_MANUAL_CLOCK_H_
#define AISTUDIO_AUTH_TESTING_MANUAL_CLOCK_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/clock.h"

namespace aistudio::auth::testing {

// Stands still until told to move. Give it to a `ProviderRegistry` (and to a
// `FakeCloud`, so that both agree on the time).
//
//   auto clock = std::make_shared<ManualClock>();
//   auto registry = ProviderRegistry::Create({clock, nullptr});
//   ...
//   clock->Advance(absl::Hours(1));  // the refresher wakes and refreshes
//
// Performance: every move wakes every waiting thread.
// Thread safety: all methods may be called from any thread.
// Errors: none.
class ManualClock final : public Clock {
 public:
  // Default: 2026-01-01 00:00 UTC.
  ManualClock();
  explicit ManualClock(absl::Time start);

  absl::Time Now() const override;
  absl::Duration Uptime() const override;
  void WaitUntil(Waker& waker, absl::Duration until) override;

  // Time passes: both the wall clock and the uptime move forward.
  void Advance(absl::Duration duration);

  // Somebody sets the wall clock, forward or back; no time passes.
  void SetWallClock(absl::Time now);

 private:
  void WakeAllLocked();

  mutable std::mutex mutex_;
  absl::Time now_;
  absl::Duration uptime_ = absl::Hours(1);
  std::vector<Waker*> waiting_;
  // How often the wall clock was set, and had been when each waker last waited:
  // who looked at the clock just before it was set must look again.
  std::int64_t times_set_ = 0;
  std::map<const Waker*, std::int64_t> known_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_MANUAL_CLOCK_H_
