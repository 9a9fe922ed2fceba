// The threads that fetch.

#ifndef AISTUDIO_AUTH_SRC_CORE_WORKER_POOL_H_
#define AISTUDIO_AUTH_SRC_CORE_WORKER_POOL_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace aistudio::auth::internal {

// Runs jobs that may block, on a handful of threads that come when there is
// work and go when there is none. A job that takes long is no longer counted,
// so that jobs that hang cost a thread each but never hold up the others:
// docs/decisions/0002-one-lock-and-a-handful-of-workers.md.
//
// Thread safety: all methods are called with the owner's mutex held.
class WorkerPool {
 public:
  // `mutex` is the owner's; jobs run without it.
  explicit WorkerPool(std::mutex& mutex) : mutex_(mutex) {}

  // Runs `job` soon. `owner` is kept alive by every thread. Returns false if
  // there is no thread to run it and the system gives none; the job is then
  // dropped.
  bool Enqueue(const std::shared_ptr<void>& owner, std::function<void()> job);

  // While held, no job starts. Used around fork.
  void Hold(bool hold);

  // There will be no work for long: threads end as soon as they have none.
  void Retire();

  // The number of jobs that run now.
  std::size_t running() const { return running_.size(); }

  // In a forked child, where the threads are gone: forgets them and all jobs.
  void ForgetThreads();

 private:
  using SteadyClock = std::chrono::steady_clock;

  void Work(const std::shared_ptr<void>& owner);
  bool StartThread(const std::shared_ptr<void>& owner);
  // Whether one more job may run; if not, when to look again.
  bool SlotIsFree(SteadyClock::time_point now,
                  SteadyClock::time_point* look_again) const;

  std::mutex& mutex_;
  // Behind a pointer: after a fork its threads are gone, and it cannot be
  // reused.
  std::unique_ptr<std::condition_variable> wake_ =
      std::make_unique<std::condition_variable>();
  std::deque<std::function<void()>> jobs_;
  std::multiset<SteadyClock::time_point> running_;  // when each job started
  SteadyClock::time_point last_end_;                // of a job
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;  // threads that wait for a job or for a slot
  bool held_ = false;
  bool retired_ = false;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_WORKER_POOL_H_
