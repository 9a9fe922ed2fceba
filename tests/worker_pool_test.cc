#include "src/core/worker_pool.h"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

struct Pool {
  std::mutex mutex;
  WorkerPool workers{mutex};
};

class WorkerPoolTest : public ::testing::Test {
 protected:
  // What jobs tell and wait for.
  struct Jobs {
    int started = 0;
    int ended = 0;
    int running = 0;
    int most_running = 0;
    bool released = false;
  };

  void Run(std::function<void()> job) {
    std::lock_guard<std::mutex> lock(pool_->mutex);
    ASSERT_TRUE(pool_->workers.Enqueue(pool_, std::move(job)));
  }
  void RunQuickJob() {
    Run([jobs = jobs_] {
      Start(*jobs);
      End(*jobs);
    });
  }
  void RunHangingJob() {
    Run([jobs = jobs_] {
      Start(*jobs);
      jobs->WaitFor([](const Jobs& all) { return all.released; });
      End(*jobs);
    });
  }
  static void Start(Watched<Jobs>& jobs) {
    jobs.With([](Jobs& all) {
      ++all.started;
      all.most_running = std::max(all.most_running, ++all.running);
    });
  }
  static void End(Watched<Jobs>& jobs) {
    jobs.With([](Jobs& all) {
      ++all.ended;
      --all.running;
    });
  }
  void Release() {
    jobs_->With([](Jobs& all) { all.released = true; });
  }
  bool WaitForEnded(int count) {
    return jobs_->WaitFor([=](const Jobs& all) { return all.ended >= count; });
  }
  bool WaitForStarted(int count) {
    return jobs_->WaitFor(
        [=](const Jobs& all) { return all.started >= count; });
  }

  std::shared_ptr<Watched<Jobs>> jobs_ = std::make_shared<Watched<Jobs>>();
  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

TEST_F(WorkerPoolTest, RunsJobs) {
  for (int i = 0; i < 1000; ++i) RunQuickJob();
  EXPECT_TRUE(WaitForEnded(1000));
}

TEST_F(WorkerPoolTest, RunsJobsInTheirOrderOnAHandfulOfThreads) {
  auto order = std::make_shared<Watched<std::vector<int>>>();
  for (int i = 0; i < 100; ++i) {
    Run([=, jobs = jobs_] {
      Start(*jobs);
      order->With([=](std::vector<int>& all) { all.push_back(i); });
      End(*jobs);
    });
  }
  ASSERT_TRUE(WaitForEnded(100));
  jobs_->With([](const Jobs& all) { EXPECT_LE(all.most_running, 4); });
  // Each begins before the fourth one after it, give or take who is scheduled.
  order->With([](const std::vector<int>& all) { EXPECT_EQ(all.size(), 100U); });
}

// Though each takes long enough for all of them to run at once.
TEST_F(WorkerPoolTest, ManyJobsNeedAHandfulOfThreads) {
  for (int i = 0; i < 100; ++i) {
    Run([jobs = jobs_] {
      Start(*jobs);
      Waker().WaitFor(absl::Milliseconds(50));
      End(*jobs);
    });
  }
  ASSERT_TRUE(WaitForEnded(100));
  // Four, and four more each time a busy machine lets none end for a tenth of a
  // second.
  jobs_->With([](const Jobs& all) { EXPECT_LE(all.most_running, 40); });
}

TEST_F(WorkerPoolTest, JobsThatHangHoldUpNoOthers) {
  for (int i = 0; i < 20; ++i) RunHangingJob();
  const auto before = std::chrono::steady_clock::now();
  RunQuickJob();
  EXPECT_TRUE(WaitForEnded(1));
  // Five times four hang, and after a tenth of a second each four are
  // seen to hang.
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  EXPECT_TRUE(WaitForStarted(21));
  Release();
  EXPECT_TRUE(WaitForEnded(21));
}

TEST_F(WorkerPoolTest, IdleThreadsWakeForJobsLeftBehindAHangingOne) {
  // Threads that idle, more than there are slots.
  for (int i = 0; i < 8; ++i) RunHangingJob();
  ASSERT_TRUE(WaitForStarted(8));
  Release();
  ASSERT_TRUE(WaitForEnded(8));
  jobs_->With([](Jobs& all) { all = Jobs(); });
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 12; ++i) RunHangingJob();
  EXPECT_TRUE(WaitForStarted(12));
  // Not when an idle thread happens to wake, which takes five seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
  Release();
  EXPECT_TRUE(WaitForEnded(12));
}

TEST_F(WorkerPoolTest, WhileHeldNoJobStarts) {
  const auto hold = [this](bool held) {
    std::lock_guard<std::mutex> lock(pool_->mutex);
    pool_->workers.Hold(held);
  };
  RunQuickJob();
  ASSERT_TRUE(WaitForEnded(1));
  hold(true);
  for (int i = 0; i < 10; ++i) RunQuickJob();
  jobs_->With([](const Jobs& all) { EXPECT_EQ(all.started, 1); });
  hold(false);
  EXPECT_TRUE(WaitForEnded(11));
}

TEST_F(WorkerPoolTest, RetiredThreadsEndAndLetGoOfTheirOwner) {
  RunQuickJob();
  RunHangingJob();
  ASSERT_TRUE(WaitForStarted(2));
  {
    std::lock_guard<std::mutex> lock(pool_->mutex);
    pool_->workers.Retire();
  }
  const std::weak_ptr<Pool> weak = pool_;
  pool_.reset();
  EXPECT_FALSE(weak.expired()) << "a job still runs";
  Release();
  EXPECT_TRUE(WaitUntil([&] { return weak.expired(); }, absl::Seconds(3)));
}

TEST_F(WorkerPoolTest, WorksAgainAfterRetirement) {
  for (int round = 1; round <= 20; ++round) {
    RunQuickJob();
    ASSERT_TRUE(WaitForEnded(round));
    std::lock_guard<std::mutex> lock(pool_->mutex);
    pool_->workers.Retire();
  }
}

TEST_F(WorkerPoolTest, AJobMayEnqueueAnother) {
  Run([this] { RunQuickJob(); });
  EXPECT_TRUE(WaitForEnded(1));
}

}  // namespace
}  // namespace aistudio::auth::internal
