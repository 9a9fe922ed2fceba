#include "src/core/process_hooks.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "openssl/crypto.h"
#include "src/core/registry_core.h"

namespace aistudio::auth::internal {
namespace {

// A cancelled call to IAM is back within a millisecond or two.
constexpr auto kLongestInterrupt = std::chrono::milliseconds(50);

// A source that was about to enter Fetch did not hear the first Cancel.
constexpr auto kCancelPause = std::chrono::milliseconds(5);

// A program that forks all the time must not break off every fetch it ever
// starts.
constexpr absl::Duration kInterruptInterval = absl::Seconds(30);

}  // namespace

ProcessHooks::State& ProcessHooks::GetState() {
  static auto* state = new State;
  return *state;
}

void ProcessHooks::Watch(const std::shared_ptr<RegistryCore>& core) {
  State& state = GetState();
  std::lock_guard<std::mutex> lock(state.mutex);
  static const bool installed = [] {
    // OpenSSL tears itself down with an exit handler of its own, set up when it
    // is first used. Ours must come later, to run before.
    OPENSSL_init_crypto(0, nullptr);
    std::atexit(AtExit);
    pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
    return true;
  }();
  static_cast<void>(installed);
  auto& cores = state.cores;
  cores.erase(std::remove_if(cores.begin(), cores.end(),
                             [](const auto& known) { return known.expired(); }),
              cores.end());
  cores.push_back(core);
}

std::vector<std::shared_ptr<RegistryCore>> ProcessHooks::Cores(State& state) {
  std::vector<std::shared_ptr<RegistryCore>> alive;
  for (const auto& known : state.cores) {
    if (auto core = known.lock()) alive.push_back(std::move(core));
  }
  return alive;
}

void ProcessHooks::BeforeFork() {
  State& state = GetState();
  state.mutex.lock();
  state.locked = Cores(state);
  for (const auto& core : state.locked) {
    std::unique_lock<std::mutex> lock(core->mutex_);
    // A child that forks again before it used `core` has no fetches.
    if (core->HasThreads()) core->InterruptFetches(lock, /*at_fork=*/true);
    state.locks.push_back(std::move(lock));
  }
}

void ProcessHooks::AfterForkInParent() {
  State& state = GetState();
  for (const auto& core : state.locked) {
    // A child that forks again before it used `core` has the condition of its
    // parent's threads, and who notifies that may wait for them for ever.
    if (core->HasThreads()) core->pool_.Hold(false);
  }
  state.locks.clear();
  const auto unlocked = std::move(state.locked);
  state.locked.clear();
  state.mutex.unlock();
}

void ProcessHooks::AfterForkInChild() {
  State& state = GetState();
  ++RegistryCore::fork_epoch;
  state.locks.clear();
  const auto unlocked = std::move(state.locked);
  state.locked.clear();
  state.mutex.unlock();
}

void ProcessHooks::AtExit() {
  State& state = GetState();
  std::unique_lock<std::mutex> list_lock(state.mutex);
  const auto cores = Cores(state);
  list_lock.unlock();
  for (const auto& core : cores) {
    std::unique_lock<std::mutex> lock(core->mutex_);
    core->stopped_ = true;
    if (core->HasThreads()) core->InterruptFetches(lock, /*at_fork=*/false);
  }
}

std::atomic<std::uint32_t> RegistryCore::fork_epoch{0};

void RegistryCore::InterruptFetches(std::unique_lock<std::mutex>& lock,
                                    bool at_fork) {
  pool_.Hold(true);
  const absl::Duration now = clock_->Uptime();
  std::vector<std::shared_ptr<ProviderRecord>> interrupted;
  for (const auto& [order, record] : records_) {
    const ProviderSpec& spec = record->spec;
    if (!record->fetch_runs ||
        !(at_fork ? spec.interrupt_at_fork : spec.interrupt_at_exit) ||
        (at_fork && now - record->last_interrupt < kInterruptInterval)) {
      continue;
    }
    record->interrupted = true;
    record->last_interrupt = now;
    interrupted.push_back(record);
  }
  if (interrupted.empty()) return;
  const auto end = std::chrono::steady_clock::now() + kLongestInterrupt;
  do {
    lock.unlock();
    for (const auto& record : interrupted) CallCancel(*record->spec.source);
    lock.lock();
    if (fetch_ended_->wait_for(lock, kCancelPause, [this] {
          return interruptible_fetches_ == 0;
        })) {
      return;
    }
  } while (std::chrono::steady_clock::now() < end);
}

void RegistryCore::RepairAfterFork() {
  if (HasThreads()) return;
  const std::uint32_t epoch = fork_epoch.load();
  epoch_ = epoch;
  // Their destructors could wait for threads that exist in the parent only.
  waker_.release();
  waker_ = std::make_unique<Waker>();
  fetch_ended_.release();
  fetch_ended_ = std::make_unique<std::condition_variable>();
  interruptible_fetches_ = 0;
  refresher_runs_ = false;
  sleeps_until_ = -absl::InfiniteDuration();
  pool_.ForgetThreads();
  random_.seed(std::random_device{}());
  schedule_.clear();
  busy_sources_.clear();
  for (const auto& [order, record] : records_) {
    record->state.Forked();
    record->fetch_runs = false;
    record->interrupted = false;
    record->waits_for_source = false;
    // The calls that wait belong to the parent's threads. What their callbacks
    // hold is left alone for the same reason.
    new std::vector<ProviderRecord::Waiter>(std::move(record->waiters));
    record->waiters.clear();
    record->epoch.store(epoch);
    record->wake_at = -absl::InfiniteDuration();
    schedule_.insert({record->wake_at, record.get()});
  }
  if (!records_.empty()) EnsureRefresher();
}

}  // namespace aistudio::auth::internal
