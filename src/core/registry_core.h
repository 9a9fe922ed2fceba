// The inside of a ProviderRegistry: its providers, and the thread that keeps
// them fresh.

#ifndef AISTUDIO_AUTH_SRC_CORE_REGISTRY_CORE_H_
#define AISTUDIO_AUTH_SRC_CORE_REGISTRY_CORE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/token_source.h"
#include "src/core/provider.h"
#include "src/core/snapshot.h"
#include "src/core/token_state.h"
#include "src/core/worker_pool.h"

namespace aistudio::auth::internal {

// What makes a refreshing provider.
struct ProviderSpec {
  std::string method;  // the plugin's class
  std::string name;    // for DebugString and statistics
  std::string where;   // names the source in errors
  // Credentials with equal identities share a provider. A digest where secrets
  // are part of it.
  std::string identity;
  // Must be equal too; if not, sharing fails. For sources that cannot serve
  // two.
  std::string settings;
  std::shared_ptr<TokenSource> source;
  RefreshPolicy policy;
  // A running fetch is cancelled when the process forks or ends, and a moment
  // is given to it to come back: it is inside a library that needs that.
  bool interrupt_at_fork = false;
  bool interrupt_at_exit = false;
};

// Cancels what `source` does now, whatever it throws.
void CallCancel(TokenSource& source);

// Callbacks to run after the lock is gone.
class Outbox {
 public:
  void Add(std::function<void()> callback) {
    callbacks_.push_back(std::move(callback));
  }
  bool empty() const { return callbacks_.empty(); }
  void Run() {
    for (auto& callback : callbacks_) callback();
    callbacks_.clear();
  }

 private:
  std::vector<std::function<void()>> callbacks_;
};

// One provider's state. All but `current` and `epoch` is guarded by the
// registry's mutex; what is const needs no guard.
struct ProviderRecord {
  ProviderRecord(ProviderSpec spec, std::function<double()> random);
  ~ProviderRecord();

  // Replaces `current` if `next` differs from it.
  void Publish(Snapshot next);

  struct Waiter {
    absl::Duration timeout;
    absl::Duration end;
    absl::Duration min_remaining;
    std::function<void(absl::Status)> done;
  };

  const ProviderSpec spec;
  TokenState state;
  std::vector<Waiter> waiters;
  std::uint64_t order = 0;
  absl::Duration wake_at =
      absl::InfiniteDuration();  // its place in the schedule
  bool dropped = false;
  bool waits_for_source =
      false;                 // its fetch begins when an older one has ended
  bool fetch_runs = false;   // a thread is inside the source, or about to be
  bool interrupted = false;  // the running fetch is to come back at once
  absl::Duration last_interrupt = -absl::InfiniteDuration();

  // What calls read, protected by hazard pointers.
  std::atomic<const Snapshot*> current;
  // Until when, by the wall clock in nanoseconds, that snapshot is ready.
  static constexpr std::int64_t kNotReady = INT64_MIN;
  std::atomic<std::int64_t> ready_until;
  std::vector<const Snapshot*> retired;
  // The fork generation in which the threads behind `current` run.
  std::atomic<std::uint32_t> epoch;
};

// Everything is guarded by one mutex, which is never held over I/O, a callback,
// or foreign code: docs/decisions/0002-one-lock-and-a-handful-of-workers.md.
//
// Thread safety: all public methods may be called from any thread.
class RegistryCore : public std::enable_shared_from_this<RegistryCore> {
 public:
  static std::shared_ptr<RegistryCore> Create(
      ProviderRegistry::Options options);

  // The core of `registry`, or of the default one if it is null.
  static std::shared_ptr<RegistryCore> Of(
      const std::shared_ptr<ProviderRegistry>& registry);

  // The provider with this identity: a new one, whose first fetch starts now,
  // or the one that exists. It lives as long as somebody holds it.
  absl::StatusOr<std::shared_ptr<Provider>> Share(ProviderSpec spec);

  const std::shared_ptr<Clock>& clock() const { return clock_; }
  std::vector<CredentialsStats> Snapshot();

  // Counts forks of this process; a record of another generation has no
  // threads.
  static std::atomic<std::uint32_t> fork_epoch;

 private:
  friend class RefreshingProvider;
  friend class ProcessHooks;

  // Holds the mutex; runs what is in `outbox` after letting go of it.
  class Locked {
   public:
    explicit Locked(RegistryCore& core) : core_(core), lock_(core.mutex_) {
      core_.RepairAfterFork();
    }
    ~Locked() {
      lock_.unlock();
      outbox.Run();
    }
    Outbox outbox;

   private:
    RegistryCore& core_;
    std::unique_lock<std::mutex> lock_;
  };

  explicit RegistryCore(ProviderRegistry::Options options);

  Instant Now() const { return {clock_->Now(), clock_->Uptime()}; }
  CredentialsStats StatsOf(ProviderRecord& record, Instant now) const;
  void Drop(const std::shared_ptr<ProviderRecord>& record);

  // The refresher (refresher.cc). All but Refresh, RunFetch and CancelFetch
  // with the mutex held.
  bool EnsureRefresher();
  void Refresh();
  void Tick(const std::shared_ptr<ProviderRecord>& record, Instant now,
            Outbox& outbox);
  void StartFetch(const std::shared_ptr<ProviderRecord>& record, Instant now);
  bool EnqueueFetch(const std::shared_ptr<ProviderRecord>& record);
  // A source that cannot serve two may still be in a fetch for credentials that
  // were dropped meanwhile: then the one for `record` begins when that is over.
  bool TakeSource(ProviderRecord& record);
  void GiveSourceBack(const ProviderRecord& record);
  void RunFetch(const std::shared_ptr<ProviderRecord>& record);
  // Without the mutex, on a thread of the pool: Cancel is foreign code.
  void CancelFetch(const std::shared_ptr<ProviderRecord>& record);
  void AnswerWaiters(ProviderRecord& record, Instant now, Outbox& outbox);
  void Reschedule(const std::shared_ptr<ProviderRecord>& record, Instant now);
  void Emit(const std::shared_ptr<ProviderRecord>& record, Instant now,
            absl::Duration took, Outbox& outbox);

  // The process (process_hooks.cc).
  // False in a forked child until the first use there.
  bool HasThreads() const { return epoch_ == fork_epoch.load(); }
  void RepairAfterFork();
  void InterruptFetches(std::unique_lock<std::mutex>& lock, bool at_fork);

  const std::shared_ptr<Clock> clock_;
  const std::function<void(const RefreshEvent&)> on_event_;

  std::mutex mutex_;
  WorkerPool pool_{mutex_};
  std::map<std::uint64_t, std::shared_ptr<ProviderRecord>> records_;
  struct Shared {
    std::weak_ptr<Provider> provider;
    const ProviderRecord* record = nullptr;
  };
  std::unordered_map<std::string, Shared> by_identity_;
  std::set<std::string> busy_sources_;
  std::set<std::pair<absl::Duration, ProviderRecord*>> schedule_;
  std::uint64_t next_order_ = 0;

  bool refresher_runs_ = false;
  std::unique_ptr<Waker> waker_ = std::make_unique<Waker>();
  absl::Duration sleeps_until_ = -absl::InfiniteDuration();
  // The wall clock at uptime zero, as it was when all was planned: if it
  // differs now, the wall clock has jumped.
  absl::Time boot_time_;
  std::uint32_t epoch_ = fork_epoch.load();
  bool stopped_ = false;  // the process ends
  std::size_t interruptible_fetches_ = 0;
  std::unique_ptr<std::condition_variable> fetch_ended_ =
      std::make_unique<std::condition_variable>();
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_REGISTRY_CORE_H_
