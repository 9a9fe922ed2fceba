// A forked child has none of its parent's threads, but all of their work.

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/token_source.h"
#include "gtest/gtest.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"
#include "tests/core_testing.h"
#include "tests/process_testing.h"
#include "tests/sanitizer_testing.h"

#if AISTUDIO_AUTH_THREAD_SANITIZED
// Threads of a child that had threads before: what this file is about.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace aistudio::auth::internal {
namespace {

const absl::Duration kNone = absl::ZeroDuration();

// Made of nothing that a fork could catch locked.
class ForkableSource final : public TokenSource {
 public:
  explicit ForkableSource(absl::Duration lifetime = absl::Hours(1))
      : lifetime_(lifetime) {
    EXPECT_EQ(pipe(pipe_), 0);
  }
  ~ForkableSource() override {
    close(pipe_[0]);
    close(pipe_[1]);
  }

  absl::StatusOr<Token> Fetch(absl::Time) override {
    // A Cancel means the fetch that runs, not this one.
    pollfd left = {pipe_[0], POLLIN, 0};
    char byte = 0;
    while (blocked_in_ == getpid() && poll(&left, 1, 0) == 1 &&
           read(pipe_[0], &byte, 1) == 1) {
    }
    const int call = ++calls_;
    if (blocked_in_ == getpid()) {
      char woken = 0;
      while (read(pipe_[0], &woken, 1) < 0 && errno == EINTR) {
      }
      if (blocked_in_ == getpid()) return absl::CancelledError("cancelled");
    }
    return Token{absl::StrCat("token-", getpid(), "-", call),
                 absl::Now() + lifetime_};
  }
  void Cancel() override {
    ++cancels_;
    Wake();
  }
  std::string DebugString() const override { return "forkable"; }

  // In this process Fetch blocks, until Release or the first Cancel.
  void Block() { blocked_in_ = getpid(); }
  void Release() {
    blocked_in_ = -1;
    Wake();
  }
  int calls() const { return calls_; }
  int cancels() const { return cancels_; }
  bool WaitForCalls(int calls) const {
    return WaitUntil([this, calls] { return calls_ >= calls; });
  }

 private:
  void Wake() const { EXPECT_EQ(write(pipe_[1], "x", 1), 1); }

  const absl::Duration lifetime_;
  int pipe_[2] = {-1, -1};
  std::atomic<pid_t> blocked_in_{-1};
  std::atomic<int> calls_{0};
  std::atomic<int> cancels_{0};
};

class ForkTest : public ::testing::Test {
 protected:
  std::shared_ptr<Provider> Share(ProviderSpec spec) {
    return *core_->Share(std::move(spec));
  }
  std::shared_ptr<Provider> Share(const std::shared_ptr<TokenSource>& source) {
    return Share(MakeSpec("id", source));
  }
  static bool IsReady(const std::shared_ptr<Provider>& provider) {
    return WaitUntilReady(*provider, kNone, absl::Seconds(10)).ok();
  }
  // Whether `provider` has a token of this process.
  static bool HasOwnToken(const std::shared_ptr<Provider>& provider) {
    return HeaderOf(*provider).rfind(
               absl::StrCat("Bearer token-", getpid(), "-"), 0) == 0;
  }
  // Runs `body` in a forked child; returns its exit code: 0 if it returned
  // true.
  static int InChild(const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    return WaitForExit(child);
  }

  std::shared_ptr<RegistryCore> core_ =
      RegistryCore::Of(ProviderRegistry::Create());
};

// Python SDK defect D22: calls of a forked child hang.
TEST_F(ForkTest, AnIdleChildHasTheToken) {
  const auto source = std::make_shared<ForkableSource>();
  const auto provider = Share(source);
  ASSERT_TRUE(IsReady(provider));
  const std::string header = HeaderOf(*provider);
  EXPECT_EQ(InChild([&] {
              return HeaderOf(*provider) == header && IsReady(provider) &&
                     provider->Stats().has_token;
            }),
            0);
  EXPECT_EQ(HeaderOf(*provider), header);
}

TEST_F(ForkTest, AChildForkedInTheMiddleOfAFetchFetchesItself) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  const auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  EXPECT_EQ(InChild([&] {
              return provider->Check(kNone) == Readiness::kPending &&
                     IsReady(provider) && HasOwnToken(provider);
            }),
            0);
  // The parent's fetch went on undisturbed.
  EXPECT_EQ(source->cancels(), 0);
  source->Release();
  EXPECT_TRUE(IsReady(provider));
  EXPECT_TRUE(HasOwnToken(provider));
  EXPECT_EQ(source->calls(), 1);
}

TEST_F(ForkTest, CallsThatWaitInTheParentAreAnsweredThereOnly) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  const auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  const pid_t parent = getpid();
  std::atomic<bool> strayed{false};
  Watched<int> answers;
  for (int i = 0; i < 100; ++i) {
    provider->WhenReady(kNone, absl::InfiniteDuration(),
                        [&, parent](const absl::Status& status) {
                          if (getpid() != parent) {
                            strayed = true;
                          } else {
                            answers.With([&](int& n) { n += status.ok(); });
                          }
                        });
  }
  EXPECT_EQ(InChild([&] {
              return IsReady(provider) && provider->Stats().waiters == 0 &&
                     !strayed;
            }),
            0);
  EXPECT_EQ(provider->Stats().waiters, 100);
  source->Release();
  EXPECT_TRUE(answers.WaitFor([](int n) { return n == 100; }));
}

TEST_F(ForkTest, AChildRefreshesByItself) {
  const auto source = std::make_shared<ForkableSource>(absl::Seconds(1));
  const auto provider = Share(source);
  ASSERT_TRUE(IsReady(provider));
  EXPECT_EQ(InChild([&] {
              provider->Check(kNone);  // the first use
              return WaitUntil([&] { return HasOwnToken(provider); }) &&
                     provider->Stats().refreshes >= 2;
            }),
            0);
  const int calls = source->calls();
  EXPECT_TRUE(source->WaitForCalls(calls + 1)) << "and so does the parent";
}

TEST_F(ForkTest, AChildWaitsForItsOwnFetchHoweverLateItsFirstUse) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  RefreshOptions options;
  options.fetch_timeout = absl::Milliseconds(300);
  const auto provider = Share(MakeSpec("id", source, options));
  ASSERT_TRUE(source->WaitForCalls(1));
  EXPECT_EQ(InChild([&] {
              // The parent's wait is over by now.
              WaitUntil([] { return false; }, absl::Milliseconds(400));
              return IsReady(provider);
            }),
            0);
  source->Release();
}

TEST_F(ForkTest, AChildMayDropWhatItInherited) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  EXPECT_EQ(InChild([&] {
              provider.reset();
              core_.reset();
              const auto fresh = ProviderRegistry::Create();
              const auto own = *RegistryCore::Of(fresh)->Share(
                  MakeSpec("id", std::make_shared<ForkableSource>()));
              return IsReady(own);
            }),
            0);
  source->Release();
  EXPECT_TRUE(IsReady(provider));
}

TEST_F(ForkTest, AGrandchildWorksToo) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  ProviderSpec spec = MakeSpec("id", source);
  spec.interrupt_at_fork = true;
  const auto provider = Share(spec);
  ASSERT_TRUE(source->WaitForCalls(1));
  EXPECT_EQ(InChild([&] {
              // Forks before it used them, so it has no fetch to break off.
              const int cancels = source->cancels();
              const int code = InChild([&] { return IsReady(provider); });
              return code == 0 && source->cancels() == cancels &&
                     IsReady(provider);
            }),
            0);
  source->Release();
}

TEST_F(ForkTest, AFetchThatAsksForItIsBrokenOffAndBegunAgain) {
  const auto source = std::make_shared<ForkableSource>();
  source->Block();
  ProviderSpec spec = MakeSpec("id", source);
  spec.interrupt_at_fork = true;
  const auto provider = Share(spec);
  ASSERT_TRUE(source->WaitForCalls(1));
  EXPECT_EQ(InChild([&] { return IsReady(provider); }), 0);
  // It is told again if a busy machine does not let it end at once.
  EXPECT_GE(source->cancels(), 1);
  EXPECT_TRUE(source->WaitForCalls(2)) << "begun again in the parent";
  EXPECT_EQ(provider->Stats().failures, 0) << "nobody's fault";
  source->Release();
  EXPECT_TRUE(IsReady(provider));
}

TEST_F(ForkTest, ForksFromManyThreadsWhileMuchGoesOn) {
#if AISTUDIO_AUTH_ADDRESS_SANITIZED
  GTEST_SKIP()
      << "AddressSanitizer's allocator may be locked in the child when "
         "other threads allocate during the fork";
#endif
  std::vector<std::shared_ptr<Provider>> providers;
  for (int i = 0; i < 10; ++i) {
    ProviderSpec spec =
        MakeSpec(absl::StrCat("id-", i),
                 std::make_shared<ForkableSource>(absl::Milliseconds(300)));
    spec.interrupt_at_fork = i % 2 == 0;
    providers.push_back(Share(spec));
  }
  std::atomic<bool> done{false};
  std::thread caller([&] {
    while (!done) {
      for (const auto& provider : providers) HeaderOf(*provider);
      const auto brief = Share(
          MakeSpec("brief", std::make_shared<ForkableSource>(absl::Hours(1))));
    }
  });
  std::vector<std::thread> forkers;
  for (int i = 0; i < 4; ++i) {
    forkers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(InChild([&] {
                    for (const auto& provider : providers) {
                      if (!IsReady(provider)) return false;
                    }
                    return true;
                  }),
                  0);
      }
    });
  }
  for (auto& forker : forkers) forker.join();
  done = true;
  caller.join();
  for (const auto& provider : providers) EXPECT_TRUE(IsReady(provider));
}

}  // namespace
}  // namespace aistudio::auth::internal
