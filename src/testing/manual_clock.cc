#include "aistudio/auth/testing/manual_clock.h"

#include <algorithm>

namespace aistudio::auth::testing {

ManualClock::ManualClock()
    : ManualClock(absl::FromCivil(absl::CivilSecond(2026, 1, 1),
                                  absl::UTCTimeZone())) {}

ManualClock::ManualClock(absl::Time start) : now_(start) {}

absl::Time ManualClock::Now() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

absl::Duration ManualClock::Uptime() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return uptime_;
}

void ManualClock::WaitUntil(Waker& waker, absl::Duration until) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (uptime_ >= until) return;
    std::int64_t& known = known_[&waker];
    if (known != times_set_) {
      known = times_set_;
      return;
    }
    waiting_.push_back(&waker);
  }
  waker.Wait();
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &waker));
  known_[&waker] = times_set_;
}

void ManualClock::Advance(absl::Duration duration) {
  std::lock_guard<std::mutex> lock(mutex_);
  now_ += duration;
  uptime_ += duration;
  WakeAllLocked();
}

void ManualClock::SetWallClock(absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  now_ = now;
  ++times_set_;
  WakeAllLocked();
}

// Under the mutex, so that no waker is woken after its wait has returned and
// its owner has destroyed it.
void ManualClock::WakeAllLocked() {
  for (Waker* waker : waiting_) waker->Wake();
}

}  // namespace aistudio::auth::testing
