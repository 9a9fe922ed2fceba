// The time that refreshing credentials live by.
//
// Programs never need this header: the default clock is the machine's. A test
// gives a registry a `testing::ManualClock` and moves hours in a microsecond.

#ifndef AISTUDIO_AUTH_CLOCK_H_
#define AISTUDIO_AUTH_CLOCK_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "aistudio/auth/export.h"

namespace aistudio::auth {

// Wakes the one thread that waits on it. A wake-up that comes before the wait
// is kept, so none is ever lost.
//
// Thread safety: all methods may be called from any thread; at most one thread
// waits at a time.
class AISTUDIO_AUTH_EXPORT Waker {
 public:
  // Ends the current wait, or the next one if nobody waits now.
  void Wake();

  // Returns when woken.
  void Wait();

  // Returns when woken, or after `timeout` of real time.
  void WaitFor(absl::Duration timeout);

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

// A source of time that also owns waiting, so that a test that moves the time
// wakes those who wait for it.
//
// Two kinds of time are kept apart. `Now` is the wall clock, in which a token's
// expiry is written; it can be set by hand, jump after a suspend, and go back.
// `Uptime` only goes forward; intervals are measured in it.
//
// Performance: `UnixNanos` is called once per RPC.
// Thread safety: implementations must allow calls from any thread.
// Errors: none.
class AISTUDIO_AUTH_EXPORT Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock. May be some milliseconds coarse.
  virtual absl::Time Now() const = 0;

  // The same as a number. Default: made from `Now`; overridden where that is
  // faster.
  virtual std::int64_t UnixNanos() const { return absl::ToUnixNanos(Now()); }

  // The time since some fixed moment. Counts the time a machine was suspended
  // where the system can tell (Linux: CLOCK_BOOTTIME).
  virtual absl::Duration Uptime() const = 0;

  // Blocks until `waker` is woken or `Uptime()` has reached `until`. May return
  // early; callers look at the time again.
  virtual void WaitUntil(Waker& waker, absl::Duration until) = 0;

  // The machine's clock. One object, never destroyed.
  static std::shared_ptr<Clock> Real();
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_CLOCK_H_
