#include "src/core/worker_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/base/thread.h"

namespace aistudio::auth::internal {
namespace {

// So many jobs run at once while each is quick.
constexpr std::size_t kQuickJobs = 4;

// A job that runs longer than this no longer counts to kQuickJobs.
constexpr auto kSlow = std::chrono::seconds(2);

// Nor does one that has run for this long while no job at all has ended for as
// long: that is how hanging looks. On a machine that is merely busy, jobs go on
// ending.
constexpr auto kStandstill = std::chrono::milliseconds(100);

// A bound even on jobs that hang.
constexpr std::size_t kMostThreads = 256;

constexpr auto kIdleThreadLives = std::chrono::seconds(5);

}  // namespace

bool WorkerPool::Enqueue(const std::shared_ptr<void>& owner,
                         std::function<void()> job) {
  jobs_.push_back(std::move(job));
  retired_ = false;
  if (idle_ == 0 && !StartThread(owner) && threads_ == 0) {
    jobs_.pop_back();
    return false;
  }
  wake_->notify_one();
  return true;
}

void WorkerPool::Hold(bool hold) {
  held_ = hold;
  if (!hold) wake_->notify_all();
}

void WorkerPool::Retire() {
  retired_ = true;
  wake_->notify_all();
}

void WorkerPool::ForgetThreads() {
  // Its destructor would wait for threads that do not exist here.
  wake_.release();
  wake_ = std::make_unique<std::condition_variable>();
  // A job may be the last to hold a provider, whose end takes the mutex.
  new std::deque<std::function<void()>>(std::move(jobs_));
  jobs_.clear();
  running_.clear();
  threads_ = 0;
  idle_ = 0;
  held_ = false;
}

bool WorkerPool::StartThread(const std::shared_ptr<void>& owner) {
  if (threads_ >= kMostThreads) return false;
  if (!StartDetachedThread("aistudio-fetch", [this, owner] { Work(owner); })) {
    return false;
  }
  ++threads_;
  ++idle_;
  return true;
}

bool WorkerPool::SlotIsFree(SteadyClock::time_point now,
                            SteadyClock::time_point* look_again) const {
  const bool standstill = now - last_end_ >= kStandstill;
  const SteadyClock::duration slow = standstill ? kStandstill : kSlow;
  // Jobs are in the order of their start: the quick ones are at the end.
  const auto oldest_quick = running_.upper_bound(now - slow);
  const auto quick =
      static_cast<std::size_t>(std::distance(oldest_quick, running_.end()));
  if (quick < kQuickJobs) return true;
  *look_again = std::max(*oldest_quick, last_end_) + kStandstill;
  return false;
}

void WorkerPool::Work(const std::shared_ptr<void>& owner) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (jobs_.empty() && retired_) break;
    if (jobs_.empty() || held_) {
      if (wake_->wait_for(lock, kIdleThreadLives) == std::cv_status::timeout &&
          jobs_.empty()) {
        break;
      }
      continue;
    }
    const auto now = SteadyClock::now();
    SteadyClock::time_point look_again;
    if (!SlotIsFree(now, &look_again)) {
      wake_->wait_until(lock, look_again);
      continue;
    }
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    const auto self = running_.insert(now);
    --idle_;
    // Somebody must be awake to see when the next job may run.
    if (!jobs_.empty()) {
      if (idle_ == 0) {
        StartThread(owner);
      } else {
        wake_->notify_one();
      }
    }
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    running_.erase(self);
    last_end_ = SteadyClock::now();
    ++idle_;
    // A slot is free again for those who wait for one.
    if (!jobs_.empty()) wake_->notify_one();
  }
  --idle_;
  --threads_;
}

}  // namespace aistudio::auth::internal
