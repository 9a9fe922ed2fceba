// What passing and jumping time does to providers.

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/hazard.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using testing::ManualClock;

const absl::Duration kNone = absl::ZeroDuration();

class RegistryTimeTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeSource> NewSource(
      absl::Duration lifetime = absl::Hours(12)) {
    return std::make_shared<FakeSource>(clock_, lifetime);
  }
  std::shared_ptr<Provider> Share(std::shared_ptr<TokenSource> source,
                                  std::string identity = "id") {
    return *core_->Share(MakeSpec(std::move(identity), std::move(source)));
  }
  std::shared_ptr<Provider> ShareReady(
      const std::shared_ptr<TokenSource>& source,
      const std::string& identity = "id") {
    auto provider = Share(source, identity);
    EXPECT_TRUE(
        WaitUntilReady(*provider, kNone, absl::InfiniteDuration()).ok());
    return provider;
  }
  static bool WaitForHeader(const std::shared_ptr<Provider>& provider,
                            const std::string& header) {
    return WaitUntil([&] { return HeaderOf(*provider) == header; });
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  EventLog log_;
  std::shared_ptr<RegistryCore> core_ =
      RegistryCore::Of(ProviderRegistry::Create({clock_, log_.Collector()}));
};

// Whoever asks it for the uptime can be held up; with a token in place, that is
// whoever holds the registry's lock.
class StallingClock final : public Clock {
 public:
  absl::Time Now() const override { return real_->Now(); }
  absl::Duration Uptime() const override {
    state_.With([](State& state) { ++state.waiting; });
    state_.WaitFor([](const State& state) { return !state.stalled; },
                   absl::InfiniteDuration());
    state_.With([](State& state) { --state.waiting; });
    return real_->Uptime();
  }
  void WaitUntil(Waker& waker, absl::Duration until) override {
    real_->WaitUntil(waker, until);
  }

  void Stall(bool stall) {
    state_.With([&](State& state) { state.stalled = stall; });
  }
  bool WaitForWaiting() {
    return state_.WaitFor([](const State& state) { return state.waiting > 0; });
  }

 private:
  struct State {
    bool stalled = false;
    int waiting = 0;
  };
  const std::shared_ptr<Clock> real_ = Clock::Real();
  mutable Watched<State> state_;
};

TEST(RegistryLockTest, AReadyCallTakesNoSharedLock) {
  const auto clock = std::make_shared<StallingClock>();
  const auto core =
      RegistryCore::Of(ProviderRegistry::Create({clock, nullptr}));
  const auto provider =
      *core->Share(MakeSpec("id", std::make_shared<FakeSource>(clock)));
  ASSERT_TRUE(WaitUntilReady(*provider, kNone, kSoon).ok());
  clock->Stall(true);
  std::thread holder([&] { provider->Stats(); });
  EXPECT_TRUE(clock->WaitForWaiting());

  Watched<std::string> header;
  std::thread call([&] {
    if (provider->Check(kNone) != Readiness::kReady) return;
    HazardGuard guard;
    const std::string peeked(provider->Peek(guard));
    const std::string got = HeaderOf(*provider);
    header.With([&](std::string& seen) { seen = peeked + ", " + got; });
  });
  EXPECT_TRUE(header.WaitFor([](const std::string& seen) {
    return seen == "Bearer token-1, Bearer token-1";
  }));
  clock->Stall(false);
  call.join();
  holder.join();
}

TEST_F(RegistryTimeTest, RefreshesBeforeExpiryWithoutAnyCall) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  for (int refresh = 2; refresh <= 5; ++refresh) {
    clock_->Advance(absl::Minutes(53));
    EXPECT_EQ(source->calls(), refresh - 1);
    clock_->Advance(absl::Minutes(7));
    ASSERT_TRUE(source->WaitForCalls(refresh));
    ASSERT_TRUE(log_.WaitForCount(static_cast<std::size_t>(refresh)));
  }
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-5");
}

TEST_F(RegistryTimeTest, NobodyWaitsForARefreshWhileTheTokenLives) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  source->Block();
  clock_->Advance(absl::Hours(1));
  ASSERT_TRUE(source->WaitForCalls(2));
  EXPECT_EQ(provider->Check(kNone), Readiness::kReady);
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-1");
  source->Release();
  EXPECT_TRUE(WaitForHeader(provider, "Bearer token-2"));
}

TEST_F(RegistryTimeTest, AfterASuspendNoCallGetsTheDeadHeader) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  source->Block();
  clock_->Advance(absl::Hours(12) - absl::Seconds(30));
  EXPECT_NE(provider->Check(kNone), Readiness::kReady);
  EXPECT_EQ(HeaderOf(*provider), "");
  source->Release();
  EXPECT_TRUE(WaitUntilReady(*provider, kNone, absl::InfiniteDuration()).ok());
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-2");
}

TEST_F(RegistryTimeTest, AfterAJumpOfTheWallClockNoCallGetsTheDeadHeader) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  source->Block();
  clock_->SetWallClock(clock_->Now() + absl::Hours(12));
  EXPECT_EQ(HeaderOf(*provider), "");
  ASSERT_TRUE(source->WaitForCalls(2));
  source->Release();
  EXPECT_TRUE(WaitForHeader(provider, "Bearer token-2"));
}

TEST_F(RegistryTimeTest, AJumpOfTheWallClockIsNoticedWithoutAnyCall) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  clock_->SetWallClock(clock_->Now() + absl::Hours(5));
  EXPECT_TRUE(source->WaitForCalls(2));
  ASSERT_TRUE(log_.WaitForCount(2));
  clock_->SetWallClock(clock_->Now() - absl::Hours(10));
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-2");
}

TEST_F(RegistryTimeTest, AClockSetBackDoesNotKeepADeadTokenAlive) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  source->Fail(absl::UnavailableError("down"));
  clock_->SetWallClock(clock_->Now() - absl::Hours(24));
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-1");
  clock_->Advance(absl::Hours(11));
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-1");
  clock_->Advance(absl::Hours(1));
  EXPECT_TRUE(WaitForHeader(provider, ""));
}

TEST_F(RegistryTimeTest, CallsFailAtOnceWhenTheWaitIsOver) {
  const auto source = NewSource();
  source->Fail(absl::UnavailableError("down"));
  const auto provider = Share(source);
  ASSERT_TRUE(log_.WaitForCount(1));
  std::thread waiter([&] {
    EXPECT_EQ(WaitUntilReady(*provider, kNone, absl::InfiniteDuration()),
              absl::UnavailableError("down"));
  });
  EXPECT_TRUE(WaitUntil([&] { return provider->Stats().waiters == 1; }));
  clock_->Advance(absl::Seconds(10));
  waiter.join();
  EXPECT_EQ(WaitUntilReady(*provider, kNone, absl::InfiniteDuration()),
            absl::UnavailableError("down"));
  source->Fail(absl::OkStatus());
  clock_->Advance(absl::Seconds(15));
  EXPECT_TRUE(WaitUntil([&] { return HeaderOf(*provider) != ""; }))
      << "within one pause";
}

TEST_F(RegistryTimeTest, AWaitEndsWithItsOwnTimeout) {
  const auto source = NewSource();
  source->Block();
  const auto provider = Share(source);
  std::thread waiter([&] {
    const absl::Status status =
        WaitUntilReady(*provider, kNone, absl::Seconds(3));
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_THAT(status.ToString(), HasSubstr("no token came within 3s"));
  });
  EXPECT_TRUE(WaitUntil([&] { return provider->Stats().waiters == 1; }));
  clock_->Advance(absl::Seconds(3));
  waiter.join();
  EXPECT_EQ(provider->Check(kNone), Readiness::kPending) << "others wait on";
  EXPECT_EQ(source->cancels(), 0);
}

TEST_F(RegistryTimeTest, AnOverdueFetchIsCancelledAndTriedAgain) {
  const auto source = NewSource();
  source->Block();
  const auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  clock_->Advance(absl::Seconds(10));
  ASSERT_TRUE(source->WaitForCancels(1));
  ASSERT_TRUE(log_.WaitForCount(1));
  EXPECT_EQ(WhyNot(*provider).code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(source->WaitUntilIdle());
  source->Release();
  // Its pause began when it came back, which nothing tells of.
  EXPECT_TRUE(WaitUntil([&] {
    clock_->Advance(absl::Milliseconds(100));
    return HeaderOf(*provider) != "";
  }));
  ASSERT_TRUE(log_.WaitForCount(2));
  EXPECT_TRUE(log_.events()[1].status.ok());
  EXPECT_EQ(provider->Stats().failures, 1);
}

TEST_F(RegistryTimeTest, AnOverdueFetchThatIgnoresCancelMayStillSucceed) {
  const auto source = NewSource();
  source->Block(/*ignore_cancel=*/true);
  const auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  clock_->Advance(absl::Minutes(5));
  ASSERT_TRUE(source->WaitForCancels(1));
  EXPECT_EQ(source->calls(), 1);
  source->Release();
  EXPECT_TRUE(WaitForHeader(provider, "Bearer token-1"));
  EXPECT_FALSE(source->overlapped());
}

TEST_F(RegistryTimeTest, HangingSourcesDelayNoOtherProvider) {
  std::vector<std::shared_ptr<FakeSource>> hanging;
  std::vector<std::shared_ptr<Provider>> providers;
  for (int i = 0; i < 16; ++i) {
    hanging.push_back(NewSource());
    hanging.back()->Block(/*ignore_cancel=*/true);
    providers.push_back(Share(hanging.back(), absl::StrCat("hanging-", i)));
  }
  const auto source = NewSource(absl::Seconds(3));
  const auto healthy = ShareReady(source, "healthy");
  for (int refresh = 2; refresh < 20; ++refresh) {
    clock_->Advance(absl::Seconds(3));
    ASSERT_TRUE(WaitForHeader(healthy, absl::StrCat("Bearer token-", refresh)));
  }
  for (const auto& one : hanging) {
    EXPECT_EQ(one->calls(), 1);
    one->Release();
  }
}

TEST_F(RegistryTimeTest, ARejectedHeaderIsReplaced) {
  const auto source = NewSource();
  const auto provider = ShareReady(source);
  provider->ReportRejected("Bearer other");
  EXPECT_EQ(provider->Stats().rejections, 0);
  provider->ReportRejected("Bearer token-1");
  EXPECT_TRUE(WaitForHeader(provider, "Bearer token-2"));
  provider->ReportRejected("Bearer token-1");
  provider->ReportRejected("Bearer token-2");
  EXPECT_EQ(provider->Stats().rejections, 2);
  EXPECT_EQ(source->calls(), 2);
  clock_->Advance(absl::Seconds(10));
  EXPECT_TRUE(WaitForHeader(provider, "Bearer token-3"));
}

TEST_F(RegistryTimeTest, ACallThatNeedsALongerTokenWaitsForOne) {
  const auto source = NewSource(absl::Hours(1));
  const auto provider = ShareReady(source);
  clock_->Advance(absl::Minutes(20));
  const absl::Duration need = absl::Minutes(45);
  EXPECT_EQ(HeaderOf(*provider, absl::Minutes(30)), "Bearer token-1");
  EXPECT_EQ(source->calls(), 1);
  // By waiting, though time stands still; Get alone would start the fetch too.
  EXPECT_TRUE(WaitUntilReady(*provider, need, absl::InfiniteDuration()).ok());
  EXPECT_EQ(HeaderOf(*provider, need), "Bearer token-2");
  EXPECT_EQ(WhyNot(*provider, absl::Hours(2)).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(source->calls(), 2);
}

TEST_F(RegistryTimeTest, ReadersSeeWholeHeadersWhileTheyAreReplaced) {
  const auto source = NewSource(absl::Seconds(3));
  const auto provider = ShareReady(source);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const std::string header = HeaderOf(*provider);
        if (!header.empty()) {
          EXPECT_THAT(header, ::testing::MatchesRegex("Bearer token-[0-9]+"));
        }
      }
    });
  }
  for (int refresh = 2; refresh < 50; ++refresh) {
    clock_->Advance(absl::Seconds(3));
    ASSERT_TRUE(source->WaitForCalls(refresh));
    ASSERT_TRUE(
        WaitForHeader(provider, absl::StrCat("Bearer token-", refresh)));
  }
  done = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace aistudio::auth::internal
