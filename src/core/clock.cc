#include "aistudio/auth/clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>

namespace aistudio::auth {
namespace {

#ifdef __linux__
// The coarse clock needs no reading of a counter: a quarter of the cost, and a
// token's expiry does not care for 4 ms.
constexpr clockid_t kWallClock = CLOCK_REALTIME_COARSE;
constexpr clockid_t kUptimeClock = CLOCK_BOOTTIME;
#else
constexpr clockid_t kWallClock = CLOCK_REALTIME;
constexpr clockid_t kUptimeClock = CLOCK_MONOTONIC;
#endif

timespec Read(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time;
}

class RealClock final : public Clock {
 public:
  absl::Time Now() const override {
    return absl::TimeFromTimespec(Read(kWallClock));
  }

  std::int64_t UnixNanos() const override {
    const timespec time = Read(kWallClock);
    return std::int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
  }

  absl::Duration Uptime() const override {
    return absl::DurationFromTimespec(Read(kUptimeClock));
  }

  void WaitUntil(Waker& waker, absl::Duration until) override {
    waker.WaitFor(until - Uptime());
  }
};

}  // namespace

void Waker::Wake() {
  // Notified under the lock: whoever waits may destroy this as soon as it
  // wakes.
  std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  condition_.notify_one();
}

void Waker::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  condition_.wait(lock, [this] { return woken_; });
  woken_ = false;
}

void Waker::WaitFor(absl::Duration timeout) {
  // A day is forever enough here and keeps the arithmetic below in range.
  const auto bounded = absl::ToChronoMicroseconds(
      std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24)));
  std::unique_lock<std::mutex> lock(mutex_);
  condition_.wait_for(lock, bounded, [this] { return woken_; });
  woken_ = false;
}

std::shared_ptr<Clock> Clock::Real() {
  static const auto* clock =
      new std::shared_ptr<Clock>(std::make_shared<RealClock>());
  return *clock;
}

}  // namespace aistudio::auth
