// Sharing, waiting, and what is told of it. Time is in registry_time_test.cc,
// lives and deaths in registry_lifetime_test.cc.

#include "aistudio/auth/registry.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ManualClock;
using ::testing::Not;

const absl::Duration kNone = absl::ZeroDuration();

class RegistryTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeSource> NewSource() {
    return std::make_shared<FakeSource>(clock_);
  }
  std::shared_ptr<Provider> Share(ProviderSpec spec) {
    return *core_->Share(std::move(spec));
  }
  std::shared_ptr<Provider> Share(std::shared_ptr<TokenSource> source) {
    return Share(MakeSpec("id", std::move(source)));
  }
  static absl::Status Wait(const std::shared_ptr<Provider>& provider) {
    return WaitUntilReady(*provider, kNone, absl::InfiniteDuration());
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  EventLog log_;
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({clock_, log_.Collector()});
  std::shared_ptr<RegistryCore> core_ = RegistryCore::Of(registry_);
};

TEST_F(RegistryTest, TheFirstFetchStartsByItself) {
  const auto source = NewSource();
  const auto provider = Share(source);
  EXPECT_TRUE(source->WaitForCalls(1));
  ASSERT_TRUE(log_.WaitForCount(1));
  EXPECT_EQ(provider->Check(kNone), Readiness::kReady);
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-1");
  EXPECT_EQ(source->deadline(), clock_->Now() + absl::Seconds(10));
}

TEST_F(RegistryTest, EqualIdentitiesShareOneProviderAndOneFetch) {
  const auto first_source = NewSource();
  const auto second_source = NewSource();
  const auto first = Share(first_source);
  const auto second = Share(second_source);
  EXPECT_EQ(first, second);
  ASSERT_TRUE(Wait(second).ok());
  EXPECT_EQ(first_source->calls(), 1);
  EXPECT_EQ(second_source->calls(), 0);
  const auto other = Share(MakeSpec("other", second_source));
  EXPECT_NE(first, other);
}

TEST_F(RegistryTest, ManyThreadsThatShareGetOneProvider) {
  const auto source = NewSource();
  std::vector<std::shared_ptr<Provider>> providers(16);
  std::vector<std::thread> threads;
  for (auto& provider : providers) {
    threads.emplace_back([&] { provider = Share(source); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& provider : providers) EXPECT_EQ(provider, providers[0]);
  ASSERT_TRUE(Wait(providers[0]).ok());
  EXPECT_EQ(source->calls(), 1);
}

TEST_F(RegistryTest, OtherSettingsForOneIdentityAreRefused) {
  ProviderSpec spec = MakeSpec("id", NewSource());
  spec.settings = "1h";
  const auto provider = Share(spec);
  EXPECT_EQ(Share(spec), provider);
  spec.settings = "2h";
  const absl::Status status = core_->Share(spec).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(HasSubstr("fake source id: "), HasSubstr("other RefreshOptions")));
}

TEST_F(RegistryTest, RegistriesDoNotShare) {
  const auto other =
      RegistryCore::Of(ProviderRegistry::Create({clock_, nullptr}));
  const auto source = NewSource();
  EXPECT_NE(*other->Share(MakeSpec("id", source)), Share(NewSource()));
  EXPECT_EQ(ProviderRegistry::Default(), ProviderRegistry::Default());
  EXPECT_NE(RegistryCore::Of(nullptr), core_);
}

TEST_F(RegistryTest, AThousandWaitingCallsMakeOneFetch) {
  const auto source = NewSource();
  source->Block();
  const auto provider = Share(source);
  Watched<int> ready;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 125; ++call) {
        provider->WhenReady(kNone, absl::InfiniteDuration(),
                            [&](const absl::Status& status) {
                              ready.With([&](int& n) { n += status.ok(); });
                            });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(provider->Stats().waiters, 1000);
  EXPECT_EQ(provider->Check(kNone), Readiness::kPending);
  source->Release();
  EXPECT_TRUE(ready.WaitFor([](int n) { return n == 1000; }));
  EXPECT_EQ(source->calls(), 1);
  EXPECT_EQ(provider->Stats().waiters, 0);
}

TEST_F(RegistryTest, WhenReadyAnswersAtOnceWithATokenOrAReason) {
  const auto good = NewSource();
  const auto provider = Share(good);
  ASSERT_TRUE(Wait(provider).ok());
  bool called = false;
  provider->WhenReady(
      kNone, kNone, [&](const absl::Status& status) { called = status.ok(); });
  EXPECT_TRUE(called) << "on this thread";

  const auto bad = NewSource();
  bad->Fail(absl::PermissionDeniedError("no role"));
  const auto failing = Share(MakeSpec("bad", bad));
  EXPECT_EQ(Wait(failing), absl::PermissionDeniedError("no role"));
  absl::Status why;
  failing->WhenReady(kNone, absl::Hours(1),
                     [&](absl::Status status) { why = std::move(status); });
  EXPECT_EQ(why, absl::PermissionDeniedError("no role"));
  EXPECT_EQ(WhyNot(*failing), absl::PermissionDeniedError("no role"));
  EXPECT_EQ(failing->Check(kNone), Readiness::kFailed);
}

TEST_F(RegistryTest, ATransientFailureDoesNotEndTheWait) {
  const auto source = NewSource();
  source->Fail(absl::UnavailableError("down"));
  const auto provider = Share(source);
  ASSERT_TRUE(log_.WaitForCount(1));
  EXPECT_EQ(WhyNot(*provider), absl::UnavailableError("down"));
  Watched<absl::Status> answer;
  answer.With([](absl::Status& status) { status = absl::UnknownError(""); });
  provider->WhenReady(kNone, absl::Hours(1), [&](absl::Status status) {
    answer.With([&](absl::Status& slot) { slot = std::move(status); });
  });
  clock_->Advance(absl::Milliseconds(500));
  ASSERT_TRUE(source->WaitForCalls(2));
  ASSERT_TRUE(log_.WaitForCount(2));
  EXPECT_EQ(provider->Stats().waiters, 1);
  source->Fail(absl::OkStatus());
  clock_->Advance(absl::Milliseconds(500));
  EXPECT_TRUE(answer.WaitFor([](const absl::Status& s) { return s.ok(); }));
}

TEST_F(RegistryTest, ACallWhoseRetryIsDueStartsIt) {
  const auto source = NewSource();
  source->Fail(absl::UnavailableError("down"));
  const auto provider = Share(source);
  ASSERT_TRUE(log_.WaitForCount(1));
  source->Fail(absl::OkStatus());
  // Time stands still afterwards: nothing but the call itself can start the
  // fetch.
  clock_->Advance(absl::Milliseconds(499));
  EXPECT_TRUE(WaitUntil([&] {
    provider->WhenReady(kNone, absl::Hours(1), [](const absl::Status&) {});
    clock_->Advance(absl::Milliseconds(1));
    return source->calls() == 2;
  }));
  EXPECT_TRUE(Wait(provider).ok());
}

TEST_F(RegistryTest, AFetchThatThrowsIsAnInternalError) {
  const auto provider =
      Share(std::make_shared<FakeSource>([](int call) -> absl::StatusOr<Token> {
        if (call == 1) {
          throw std::runtime_error("lost t1.9euelZqPnJfKz8vGyZ4.sig-hush here");
        }
        throw 42;
      }));
  ASSERT_TRUE(log_.WaitForCount(1));
  clock_->Advance(absl::Milliseconds(500));
  ASSERT_TRUE(log_.WaitForCount(2));
  const auto events = log_.events();
  for (const RefreshEvent& event : events) {
    EXPECT_EQ(event.status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(event.status.ToString(),
                AllOf(HasSubstr("fake source id: Fetch threw"),
                      Not(HasSubstr("hush"))));
  }
  EXPECT_THAT(events[0].status.ToString(), HasSubstr("lost "));
}

TEST_F(RegistryTest, ACancelThatThrowsIsHarmless) {
  class Thrower final : public TokenSource {
   public:
    absl::StatusOr<Token> Fetch(absl::Time) override {
      fetching.Wake();
      cancelled.Wait();
      return absl::CancelledError("cancelled");
    }
    void Cancel() override {
      cancelled.Wake();
      throw std::runtime_error("cannot");
    }
    std::string DebugString() const override { return "thrower"; }
    Waker fetching;
    Waker cancelled;
  };
  const auto source = std::make_shared<Thrower>();
  const auto provider = Share(source);
  source->fetching.Wait();
  clock_->Advance(absl::Seconds(10));
  ASSERT_TRUE(log_.WaitForCount(1));
  EXPECT_EQ(log_.events()[0].status.code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RegistryTest, EventsAndStatsTellWhatHappened) {
  const auto source = NewSource();
  const auto provider = Share(source);
  ASSERT_TRUE(log_.WaitForCount(1));
  RefreshEvent event = log_.events()[0];
  EXPECT_EQ(event.method, "FakeAuth");
  EXPECT_EQ(event.provider, "fake=id");
  EXPECT_TRUE(event.status.ok());
  EXPECT_EQ(event.expires_at, clock_->Now() + absl::Hours(1));
  EXPECT_GT(event.next_attempt, clock_->Now() + absl::Minutes(40));
  EXPECT_LE(event.next_attempt, clock_->Now() + absl::Minutes(45));
  EXPECT_EQ(event.generation, 1);

  source->Fail(absl::UnavailableError("down"));
  clock_->Advance(absl::Minutes(46));
  ASSERT_TRUE(log_.WaitForCount(2));
  event = log_.events()[1];
  EXPECT_EQ(event.status, absl::UnavailableError("down"));
  EXPECT_EQ(event.consecutive_failures, 1);
  EXPECT_GT(event.next_attempt, clock_->Now());
  EXPECT_LE(event.next_attempt, clock_->Now() + absl::Milliseconds(500));

  const CredentialsStats stats = provider->Stats();
  EXPECT_EQ(stats.method, "FakeAuth");
  EXPECT_EQ(stats.provider, "fake=id");
  EXPECT_TRUE(stats.has_token);
  EXPECT_EQ(stats.refreshes, 1);
  EXPECT_EQ(stats.failures, 1);
  EXPECT_EQ(stats.last_error, absl::UnavailableError("down"));
  EXPECT_EQ(stats.last_refresh, clock_->Now() - absl::Minutes(46));
}

TEST_F(RegistryTest, AnObserverThatThrowsCostsNothing) {
  const auto core = RegistryCore::Of(ProviderRegistry::Create(
      {clock_, [](const RefreshEvent&) { throw std::runtime_error("oops"); }}));
  const auto source = NewSource();
  const auto provider = *core->Share(MakeSpec("id", source));
  EXPECT_TRUE(Wait(provider).ok());
  clock_->Advance(absl::Minutes(46));
  EXPECT_TRUE(WaitUntil([&] { return provider->Stats().generation == 2; }));
}

TEST_F(RegistryTest, AnObserverThatHangsDelaysNobody) {
  auto hang = std::make_shared<Watched<bool>>();
  const auto core = RegistryCore::Of(ProviderRegistry::Create(
      {clock_, [hang](const RefreshEvent&) {
         hang->WaitFor([](bool released) { return released; });
       }}));
  std::vector<std::shared_ptr<Provider>> providers;
  for (int i = 0; i < 16; ++i) {
    providers.push_back(
        *core->Share(MakeSpec("id" + std::to_string(i), NewSource())));
  }
  for (const auto& provider : providers) EXPECT_TRUE(Wait(provider).ok());
  clock_->Advance(absl::Minutes(46));
  for (const auto& provider : providers) {
    EXPECT_TRUE(WaitUntil([&] { return provider->Stats().generation == 2; }));
  }
  hang->With([](bool& released) { released = true; });
}

TEST_F(RegistryTest, SnapshotTellsOfEachProviderInTheOrderOfTheirMaking) {
  EXPECT_TRUE(registry_->Snapshot().empty());
  const auto b = Share(MakeSpec("b", NewSource()));
  auto a = Share(MakeSpec("a", NewSource()));
  const auto c = Share(MakeSpec("c", NewSource()));
  const auto names = [&] {
    std::string all;
    for (const auto& stats : registry_->Snapshot()) all += stats.provider + " ";
    return all;
  };
  EXPECT_EQ(names(), "fake=b fake=a fake=c ");
  a.reset();
  EXPECT_EQ(names(), "fake=b fake=c ");
}

TEST_F(RegistryTest, FixedProvidersNeedNoRegistry) {
  const auto fixed =
      MakeStaticProvider("ApiKeyAuth", "key", Secret("Api-Key k"));
  EXPECT_EQ(fixed->Check(absl::Hours(1)), Readiness::kReady);
  EXPECT_EQ(HeaderOf(*fixed, absl::Hours(1)), "Api-Key k");
  EXPECT_TRUE(WaitUntilReady(*fixed, kNone, kNone).ok());
  EXPECT_TRUE(fixed->Stats().has_token);
  EXPECT_TRUE(registry_->Snapshot().empty());
}

}  // namespace
}  // namespace aistudio::auth::internal
