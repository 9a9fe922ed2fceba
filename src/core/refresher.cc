// The refresher thread, and what it does for one provider.

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/base/thread.h"
#include "src/core/registry_core.h"

namespace aistudio::auth::internal {
namespace {

// The refresher looks at the clocks at least this often, to notice that the
// wall clock has jumped.
constexpr absl::Duration kLongestSleep = absl::Seconds(30);
constexpr absl::Duration kJump = absl::Seconds(1);

// Of what comes from foreign code, only codes and texts that are safe to show.
absl::StatusOr<Token> CallFetch(TokenSource& source, const std::string& where,
                                absl::Time deadline) {
  try {
    return source.Fetch(deadline);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(
        where, ": Fetch threw an exception: ", Redact(error.what()),
        "; return a status instead"));
  } catch (...) {
    return absl::InternalError(absl::StrCat(
        where, ": Fetch threw an exception; return a status instead"));
  }
}

// A source hears Cancel only while it is in Fetch, and may be about to enter it
// when it is told; so it is told again after these pauses.
constexpr std::chrono::milliseconds kCancelPauses[] = {
    std::chrono::milliseconds(10), std::chrono::milliseconds(100),
    std::chrono::milliseconds(1000)};

}  // namespace

void CallCancel(TokenSource& source) {
  try {
    source.Cancel();
  } catch (...) {
    // A source that cannot be cancelled comes back when it does.
  }
}

bool RegistryCore::EnsureRefresher() {
  // At the end of the process it may still run, but sees to nothing any more.
  if (stopped_) return false;
  if (refresher_runs_) return true;
  refresher_runs_ = StartDetachedThread(
      "aistudio-auth", [self = shared_from_this()] { self->Refresh(); });
  return refresher_runs_;
}

void RegistryCore::Refresh() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!records_.empty() && !stopped_) {
    const Instant now = Now();
    Outbox outbox;
    const absl::Time boot_time = now.wall - now.uptime;
    if (absl::AbsDuration(boot_time - boot_time_) > kJump) {
      boot_time_ = boot_time;
      for (const auto& [order, record] : records_) Tick(record, now, outbox);
    }
    while (!schedule_.empty() && schedule_.begin()->first <= now.uptime) {
      Tick(records_.at(schedule_.begin()->second->order), now, outbox);
    }
    sleeps_until_ = now.uptime + kLongestSleep;
    if (!schedule_.empty()) {
      sleeps_until_ = std::min(sleeps_until_, schedule_.begin()->first);
    }
    const absl::Duration until = sleeps_until_;
    Waker& waker = *waker_;
    lock.unlock();
    outbox.Run();
    clock_->WaitUntil(waker, until);
    lock.lock();
  }
  refresher_runs_ = false;
}

void RegistryCore::Tick(const std::shared_ptr<ProviderRecord>& record,
                        Instant now, Outbox& outbox) {
  TokenState& state = record->state;
  if (state.IsOverdue(now)) {
    state.FetchOverdue(now, !record->waiters.empty());
    // Foreign code that may hang: not on this thread.
    Outbox event;
    Emit(record, now, record->spec.policy.fetch_timeout, event);
    pool_.Enqueue(shared_from_this(), [self = shared_from_this(), record,
                                       event = std::move(event)]() mutable {
      event.Run();
      self->CancelFetch(record);
    });
  }
  if (state.ShouldFetch(now) && !stopped_) StartFetch(record, now);
  record->Publish(state.MakeSnapshot(now));
  AnswerWaiters(*record, now, outbox);
  Reschedule(record, now);
}

void RegistryCore::StartFetch(const std::shared_ptr<ProviderRecord>& record,
                              Instant now) {
  record->state.FetchQueued(now);
  if (!EnqueueFetch(record)) {
    record->state
        .FetchEnded(now,
                    absl::ResourceExhaustedError(absl::StrCat(
                        record->spec.where,
                        ": the system gives no thread to fetch a token; raise "
                        "the limit of threads or memory")),
                    !record->waiters.empty())
        .IgnoreError();
  }
}

bool RegistryCore::EnqueueFetch(const std::shared_ptr<ProviderRecord>& record) {
  return pool_.Enqueue(shared_from_this(), [self = shared_from_this(), record] {
    self->RunFetch(record);
  });
}

bool RegistryCore::TakeSource(ProviderRecord& record) {
  if (record.spec.settings.empty()) return true;
  record.waits_for_source = !busy_sources_.insert(record.spec.identity).second;
  return !record.waits_for_source;
}

void RegistryCore::GiveSourceBack(const ProviderRecord& record) {
  if (record.spec.settings.empty()) return;
  busy_sources_.erase(record.spec.identity);
  const auto shared = by_identity_.find(record.spec.identity);
  if (shared == by_identity_.end() || stopped_) return;
  const auto& next = records_.at(shared->second.record->order);
  if (std::exchange(next->waits_for_source, false)) EnqueueFetch(next);
}

void RegistryCore::RunFetch(const std::shared_ptr<ProviderRecord>& record) {
  const bool interruptible =
      record->spec.interrupt_at_fork || record->spec.interrupt_at_exit;
  absl::Time deadline;
  {
    Locked locked(*this);
    if (record->dropped) return;
    const Instant now = Now();
    record->state.FetchStarted(now);
    Tick(record, now, locked.outbox);
    if (!TakeSource(*record)) return;
    deadline = now.wall + record->spec.policy.fetch_timeout;
    record->fetch_runs = true;
    if (interruptible) ++interruptible_fetches_;
  }
  const absl::Duration started = clock_->Uptime();
  absl::StatusOr<Token> token =
      CallFetch(*record->spec.source, record->spec.where, deadline);
  const absl::Duration took = clock_->Uptime() - started;

  Locked locked(*this);
  record->fetch_runs = false;
  if (interruptible) --interruptible_fetches_;
  fetch_ended_->notify_all();
  GiveSourceBack(*record);
  const bool interrupted = std::exchange(record->interrupted, false);
  if (record->dropped) {
    if (token.ok()) Wipe(token->value);
    return;
  }
  const Instant now = Now();
  const bool told = record->state.overdue();
  if (interrupted && !token.ok()) {
    record->state.FetchForgotten();
    Tick(record, now, locked.outbox);
    return;
  }
  const absl::Status status =
      record->state.FetchEnded(now, std::move(token), !record->waiters.empty());
  Tick(record, now, locked.outbox);
  if (status.ok() || !told) Emit(record, now, took, locked.outbox);
}

void RegistryCore::CancelFetch(const std::shared_ptr<ProviderRecord>& record) {
  for (const auto pause : kCancelPauses) {
    CallCancel(*record->spec.source);
    std::unique_lock<std::mutex> lock(mutex_);
    if (fetch_ended_->wait_for(lock, pause,
                               [&] { return !record->fetch_runs; })) {
      return;
    }
  }
}

void RegistryCore::AnswerWaiters(ProviderRecord& record, Instant now,
                                 Outbox& outbox) {
  if (record.waiters.empty()) return;
  std::vector<ProviderRecord::Waiter> remaining;
  for (ProviderRecord::Waiter& waiter : record.waiters) {
    const Readiness readiness = record.state.At(now, waiter.min_remaining);
    absl::Status status;
    if (readiness != Readiness::kReady) {
      const bool pending = readiness == Readiness::kPending;
      if (pending && now.uptime < waiter.end) {
        remaining.push_back(std::move(waiter));
        continue;
      }
      status = pending ? record.state.WhyNotWithin(waiter.timeout, now,
                                                   waiter.min_remaining)
                       : record.state.WhyNot(now, waiter.min_remaining);
    }
    outbox.Add([done = std::move(waiter.done), status = std::move(status)] {
      done(status);
    });
  }
  record.waiters = std::move(remaining);
}

void RegistryCore::Reschedule(const std::shared_ptr<ProviderRecord>& record,
                              Instant now) {
  absl::Duration wake_at = record->state.NextChange(now);
  for (const ProviderRecord::Waiter& waiter : record->waiters) {
    wake_at = std::min(wake_at, waiter.end);
  }
  // What is due now was done just now.
  wake_at = std::max(wake_at, now.uptime + absl::Milliseconds(1));
  if (wake_at != record->wake_at) {
    schedule_.erase({record->wake_at, record.get()});
    record->wake_at = wake_at;
    schedule_.insert({wake_at, record.get()});
  }
  if (wake_at < sleeps_until_) {
    sleeps_until_ = wake_at;
    waker_->Wake();
  }
}

void RegistryCore::Emit(const std::shared_ptr<ProviderRecord>& record,
                        Instant now, absl::Duration took, Outbox& outbox) {
  if (!on_event_) return;
  const CredentialsStats stats = StatsOf(*record, now);
  RefreshEvent event;
  event.method = stats.method;
  event.provider = stats.provider;
  event.status = stats.last_error;
  event.expires_at = stats.expires_at;
  event.took = took;
  event.next_attempt = stats.next_attempt;
  event.generation = stats.generation;
  event.consecutive_failures = stats.consecutive_failures;
  outbox.Add([self = shared_from_this(), event = std::move(event)] {
    try {
      self->on_event_(event);
    } catch (...) {
      // An observer's fault must not cost the token.
    }
  });
}

}  // namespace aistudio::auth::internal
