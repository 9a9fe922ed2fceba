// What the tests of the core share.

#ifndef AISTUDIO_AUTH_TESTS_CORE_TESTING_H_
#define AISTUDIO_AUTH_TESTS_CORE_TESTING_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio/auth/token_source.h"
#include "gtest/gtest.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"

namespace aistudio::auth::internal {

// Real time within which whatever a test waits for has happened on any machine.
inline constexpr absl::Duration kSoon = absl::Seconds(20);

// A value that threads share: changing it wakes those who wait for a change.
template <typename T>
class Watched {
 public:
  // Runs `change` on the value, returns what it returns.
  template <typename F>
  auto With(F change) {
    struct Notifier {
      std::condition_variable& condition;
      ~Notifier() { condition.notify_all(); }
    };
    std::lock_guard<std::mutex> lock(mutex_);
    const Notifier notifier{condition_};
    return change(value_);
  }

  // Returns whether `predicate` came to hold within `bound`.
  template <typename F>
  bool WaitFor(F predicate, absl::Duration bound = kSoon) {
    // On the system clock: ThreadSanitizer knows that wait on every platform.
    const auto end = absl::ToChronoTime(absl::Now() + bound);
    std::unique_lock<std::mutex> lock(mutex_);
    return condition_.wait_until(lock, end, [&] { return predicate(value_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  T value_{};
};

// For what nobody tells of, such as the number of threads: looks again and
// again.
inline bool WaitUntil(const std::function<bool()>& predicate,
                      absl::Duration bound = kSoon) {
  const absl::Time end = absl::Now() + bound;
  Waker nobody;
  while (!predicate()) {
    if (absl::Now() >= end) return false;
    nobody.WaitFor(absl::Milliseconds(1));
  }
  return true;
}

// Hands out "token-1", "token-2", ... that live for an hour, unless told
// otherwise.
class FakeSource final : public TokenSource {
 public:
  using Script = std::function<absl::StatusOr<Token>(int call)>;

  explicit FakeSource(std::shared_ptr<Clock> clock,
                      absl::Duration lifetime = absl::Hours(1),
                      std::string prefix = "token-")
      : script_([clock = std::move(clock), lifetime,
                 prefix = std::move(prefix)](int call) {
          return Token{absl::StrCat(prefix, call), clock->Now() + lifetime};
        }) {}
  // `script` answers; calls count from 1.
  explicit FakeSource(Script script) : script_(std::move(script)) {}

  absl::StatusOr<Token> Fetch(absl::Time deadline) override {
    const int call = state_.With([&](State& state) {
      if (state.running++ > 0) state.overlapped = true;
      state.deadline = deadline;
      state.cancelled = false;
      return ++state.calls;
    });
    state_.WaitFor(
        [](const State& state) {
          return !state.blocked || (state.cancelled && !state.ignores_cancel);
        },
        absl::InfiniteDuration());
    const absl::Status failure = state_.With([](State& state) {
      --state.running;
      return state.blocked ? absl::CancelledError("cancelled") : state.failure;
    });
    if (!failure.ok()) return failure;
    return script_(call);
  }

  void Cancel() override {
    state_.With([](State& state) {
      state.cancelled = true;
      ++state.cancels;
    });
  }

  std::string DebugString() const override { return "fake"; }

  // From now on Fetch does not return until Release or Cancel.
  void Block(bool ignore_cancel = false) {
    state_.With([&](State& state) {
      state.blocked = true;
      state.ignores_cancel = ignore_cancel;
    });
  }
  void Release() {
    state_.With([](State& state) { state.blocked = false; });
  }
  // From now on Fetch fails; OK: no longer.
  void Fail(absl::Status failure) {
    state_.With([&](State& state) { state.failure = std::move(failure); });
  }

  int calls() {
    return state_.With([](State& state) { return state.calls; });
  }
  int cancels() {
    return state_.With([](State& state) { return state.cancels; });
  }
  absl::Time deadline() {
    return state_.With([](State& state) { return state.deadline; });
  }
  // Whether two threads were ever in Fetch.
  bool overlapped() {
    return state_.With([](State& state) { return state.overlapped; });
  }
  bool WaitForCalls(int calls) {
    return state_.WaitFor(
        [=](const State& state) { return state.calls >= calls; });
  }
  bool WaitForCancels(int cancels) {
    return state_.WaitFor(
        [=](const State& state) { return state.cancels >= cancels; });
  }
  bool WaitUntilIdle() {
    return state_.WaitFor(
        [](const State& state) { return state.running == 0; });
  }

 private:
  struct State {
    int calls = 0;
    int running = 0;
    int cancels = 0;
    bool blocked = false;
    bool ignores_cancel = false;
    bool cancelled = false;
    bool overlapped = false;
    absl::Time deadline;
    absl::Status failure;
  };
  const Script script_;
  Watched<State> state_;
};

// Collects what a registry reports.
class EventLog {
 public:
  std::function<void(const RefreshEvent&)> Collector() {
    return [events = events_](const RefreshEvent& event) {
      events->With([&](auto& list) { list.push_back(event); });
    };
  }
  bool WaitForCount(std::size_t count) {
    return events_->WaitFor(
        [=](const auto& list) { return list.size() >= count; });
  }
  std::vector<RefreshEvent> events() {
    return events_->With([](auto& list) { return list; });
  }

 private:
  // Shared: the last event may come when the test has ended.
  std::shared_ptr<Watched<std::vector<RefreshEvent>>> events_ =
      std::make_shared<Watched<std::vector<RefreshEvent>>>();
};

inline ProviderSpec MakeSpec(std::string identity,
                             std::shared_ptr<TokenSource> source,
                             const RefreshOptions& options = {}) {
  ProviderSpec spec;
  spec.method = "FakeAuth";
  spec.name = absl::StrCat("fake=", identity);
  spec.where = absl::StrCat("fake source ", identity);
  spec.identity = std::move(identity);
  spec.source = std::move(source);
  spec.policy = *MakeRefreshPolicy(options, absl::Hours(1));
  return spec;
}

// What a call that starts now would send; empty if there is nothing to send.
inline std::string HeaderOf(
    const Provider& provider,
    absl::Duration min_remaining = absl::ZeroDuration()) {
  std::string header;
  absl::Status why;
  return provider.Get(min_remaining, header, why) == Readiness::kReady
             ? header
             : std::string();
}

// Why a call that starts now would not be sent.
inline absl::Status WhyNot(
    const Provider& provider,
    absl::Duration min_remaining = absl::ZeroDuration()) {
  std::string header;
  absl::Status why;
  const Readiness readiness = provider.Get(min_remaining, header, why);
  return readiness == Readiness::kReady ? absl::OkStatus() : why;
}

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_TESTS_CORE_TESTING_H_
