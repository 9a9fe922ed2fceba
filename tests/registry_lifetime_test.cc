// How providers, their threads and their registry come and go.

#include <dirent.h>

#include <atomic>
#include <fstream>
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
#include "gtest/gtest.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

using testing::ManualClock;

const absl::Duration kNone = absl::ZeroDuration();

// The threads of the library in this process, whatever registry they belong to.
int LibraryThreads() {
  int count = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* task = readdir(tasks)) {
    std::ifstream file(absl::StrCat("/proc/self/task/", task->d_name, "/comm"));
    std::string name;
    std::getline(file, name);
    if (name.rfind("aistudio-", 0) == 0) ++count;
  }
  closedir(tasks);
  return count;
}

class RegistryLifetimeTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeSource> NewSource() {
    return std::make_shared<FakeSource>(clock_);
  }
  std::shared_ptr<Provider> Share(std::shared_ptr<TokenSource> source,
                                  std::string identity = "id") {
    return *core_->Share(MakeSpec(std::move(identity), std::move(source)));
  }
  static absl::Status Wait(const std::shared_ptr<Provider>& provider) {
    return WaitUntilReady(*provider, kNone, absl::InfiniteDuration());
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<RegistryCore> core_ =
      RegistryCore::Of(ProviderRegistry::Create({clock_, nullptr}));
};

TEST_F(RegistryLifetimeTest, AThousandProvidersNeedNoMoreThreadsThanOne) {
  ASSERT_TRUE(WaitUntil([] { return LibraryThreads() == 0; }));
  std::vector<std::shared_ptr<Provider>> providers;
  int most = 0;
  for (int i = 0; i < 1000; ++i) {
    providers.push_back(Share(NewSource(), absl::StrCat("id-", i)));
    if (i % 100 == 0) most = std::max(most, LibraryThreads());
  }
  for (const auto& provider : providers) ASSERT_TRUE(Wait(provider).ok());
  most = std::max(most, LibraryThreads());
  clock_->Advance(absl::Minutes(45));
  for (const auto& provider : providers) {
    ASSERT_TRUE(WaitUntil([&] { return provider->Stats().generation == 2; }));
  }
  most = std::max(most, LibraryThreads());
  // The refresher, four that fetch, one that looks on; under load, a quick
  // fetch may count as a slow one.
  EXPECT_LE(most, 12);
}

TEST_F(RegistryLifetimeTest, WithoutCredentialsThereAreNoThreads) {
  auto provider = Share(NewSource());
  ASSERT_TRUE(Wait(provider).ok());
  EXPECT_GE(LibraryThreads(), 1);
  provider.reset();
  EXPECT_TRUE(
      WaitUntil([] { return LibraryThreads() == 0; }, absl::Seconds(3)));
  // And they come back.
  const auto source = NewSource();
  provider = Share(source);
  ASSERT_TRUE(Wait(provider).ok());
  clock_->Advance(absl::Minutes(45));
  EXPECT_TRUE(source->WaitForCalls(2));
}

TEST_F(RegistryLifetimeTest, CredentialsOutliveTheirRegistry) {
  const auto source = NewSource();
  const auto provider = Share(source);
  const std::weak_ptr<RegistryCore> core = core_;
  core_.reset();
  ASSERT_TRUE(Wait(provider).ok());
  clock_->Advance(absl::Minutes(45));
  EXPECT_TRUE(
      WaitUntil([&] { return HeaderOf(*provider) == "Bearer token-2"; }));
  EXPECT_FALSE(core.expired());
}

TEST_F(RegistryLifetimeTest, ARegistryWithoutCredentialsIsFreed) {
  auto source = NewSource();
  const std::weak_ptr<FakeSource> weak_source = source;
  auto provider = Share(std::move(source));
  const std::weak_ptr<RegistryCore> core = core_;
  ASSERT_TRUE(Wait(provider).ok());
  provider.reset();
  core_.reset();
  EXPECT_TRUE(WaitUntil([&] { return core.expired(); }));
  EXPECT_TRUE(WaitUntil([&] { return weak_source.expired(); }));
}

TEST_F(RegistryLifetimeTest, DroppingDuringAFetchCancelsItAndDoesNotWait) {
  const auto source = NewSource();
  source->Block(/*ignore_cancel=*/true);
  auto provider = Share(source);
  ASSERT_TRUE(source->WaitForCalls(1));
  provider.reset();
  // Still in Fetch, and the destructor has returned.
  EXPECT_TRUE(source->WaitForCancels(1));
  EXPECT_TRUE(core_->Snapshot().empty());
  source->Release();
}

TEST_F(RegistryLifetimeTest, ASourceThatWasAboutToFetchHearsCancelToo) {
  class Late final : public TokenSource {
   public:
    absl::StatusOr<Token> Fetch(absl::Time) override {
      state_.With([](State& state) { state.in_fetch = true; });
      // Told to cancel what it has not yet begun.
      state_.WaitFor([](const State& state) { return state.cancels == 1; });
      state_.With([](State& state) { state.listens = true; });
      const bool heard =
          state_.WaitFor([](const State& state) { return state.heard; });
      state_.With([&](State& state) { state.returned = heard; });
      return absl::CancelledError("cancelled");
    }
    void Cancel() override {
      state_.With([](State& state) {
        ++state.cancels;
        state.heard = state.listens;
      });
    }
    std::string DebugString() const override { return "late"; }
    bool WaitUntilInFetch() {
      return state_.WaitFor([](const State& state) { return state.in_fetch; });
    }
    bool WaitUntilCancelled() {
      return state_.WaitFor([](const State& state) { return state.returned; });
    }

   private:
    struct State {
      bool in_fetch = false;
      bool listens = false;
      bool heard = false;
      bool returned = false;
      int cancels = 0;
    };
    Watched<State> state_;
  };
  const auto source = std::make_shared<Late>();
  auto provider = Share(source);
  ASSERT_TRUE(source->WaitUntilInFetch());
  provider.reset();
  EXPECT_TRUE(source->WaitUntilCancelled());
}

TEST_F(RegistryLifetimeTest, ASourceThatHangsInCancelDelaysNobody) {
  class Hanger final : public TokenSource {
   public:
    absl::StatusOr<Token> Fetch(absl::Time) override { return Hang(); }
    void Cancel() override { Hang().status().IgnoreError(); }
    std::string DebugString() const override { return "hanger"; }
    void Release() {
      released_.With([](bool& released) { released = true; });
    }

   private:
    absl::StatusOr<Token> Hang() {
      released_.WaitFor([](bool released) { return released; });
      return absl::CancelledError("released");
    }
    Watched<bool> released_;
  };
  const auto hanger = std::make_shared<Hanger>();
  auto overdue = Share(hanger, "overdue");
  auto dropped = Share(hanger, "dropped");
  dropped.reset();
  clock_->Advance(absl::Seconds(10));
  EXPECT_TRUE(Wait(Share(NewSource(), "healthy")).ok());
  overdue.reset();
  hanger->Release();
}

TEST_F(RegistryLifetimeTest, AFreshProviderDoesNotGetTheOldOnesToken) {
  const auto old_source = NewSource();
  old_source->Block(/*ignore_cancel=*/true);
  auto provider = Share(old_source);
  ASSERT_TRUE(old_source->WaitForCalls(1));
  provider.reset();
  provider =
      Share(std::make_shared<FakeSource>(clock_, absl::Hours(1), "new-"));
  ASSERT_TRUE(Wait(provider).ok());
  old_source->Release();
  ASSERT_TRUE(old_source->WaitUntilIdle());
  EXPECT_EQ(HeaderOf(*provider), "Bearer new-1");
}

TEST_F(RegistryLifetimeTest, ASourceIsAskedByOneThreadAtATime) {
  const auto source = NewSource();
  source->Block(/*ignore_cancel=*/true);
  ProviderSpec spec = MakeSpec("id", source);
  spec.settings = "cannot serve two";
  auto provider = *core_->Share(spec);
  ASSERT_TRUE(source->WaitForCalls(1));
  for (int i = 1; i <= 3; ++i) {
    provider.reset();
    ASSERT_TRUE(source->WaitForCancels(i));
    provider = *core_->Share(spec);
    provider->Stats();
  }
  EXPECT_EQ(source->calls(), 1);
  source->Release();
  ASSERT_TRUE(Wait(provider).ok());
  EXPECT_EQ(HeaderOf(*provider), "Bearer token-2");
  EXPECT_FALSE(source->overlapped());
  clock_->Advance(absl::Minutes(45));
  EXPECT_TRUE(source->WaitForCalls(3));
}

TEST_F(RegistryLifetimeTest, CallsThatWaitAreToldWhenCredentialsAreDropped) {
  const auto source = NewSource();
  source->Block();
  auto provider = Share(source);
  absl::Status answer;
  provider->WhenReady(kNone, absl::InfiniteDuration(),
                      [&](absl::Status status) { answer = std::move(status); });
  provider.reset();
  EXPECT_EQ(answer.code(), absl::StatusCode::kCancelled);
}

// A provider that something else holds, and lets go of.
struct Holder {
  std::shared_ptr<Provider> provider;
};

TEST_F(RegistryLifetimeTest, DroppingInAWaitersCallbackIsSafe) {
  for (const bool succeed : {true, false}) {
    const auto source = NewSource();
    source->Block();
    if (!succeed) source->Fail(absl::PermissionDeniedError("no role"));
    const auto holder = std::make_shared<Holder>();
    holder->provider = Share(source);
    Watched<bool> dropped;
    holder->provider->WhenReady(kNone, absl::InfiniteDuration(),
                                [&, holder](const absl::Status&) {
                                  holder->provider.reset();
                                  dropped.With([](bool& done) { done = true; });
                                });
    source->Release();
    EXPECT_TRUE(dropped.WaitFor([](bool done) { return done; }));
    EXPECT_TRUE(core_->Snapshot().empty());
  }
}

TEST_F(RegistryLifetimeTest, DroppingOnTheRefreshersThreadIsSafe) {
  const auto source = NewSource();
  source->Block();
  const auto holder = std::make_shared<Holder>();
  holder->provider = Share(source);
  Watched<bool> dropped;
  // Timed out by the refresher.
  holder->provider->WhenReady(kNone, absl::Seconds(1),
                              [&, holder](const absl::Status&) {
                                holder->provider.reset();
                                dropped.With([](bool& done) { done = true; });
                              });
  // Before that, the thread that starts the fetch might notice the time.
  ASSERT_TRUE(source->WaitForCalls(1));
  clock_->Advance(absl::Seconds(1));
  EXPECT_TRUE(dropped.WaitFor([](bool done) { return done; }));
  EXPECT_TRUE(source->WaitForCancels(1));
  EXPECT_TRUE(Wait(Share(NewSource(), "other")).ok());
}

TEST_F(RegistryLifetimeTest, DroppingInsideACallOfTheProviderIsSafe) {
  const auto source = NewSource();
  const auto holder = std::make_shared<Holder>();
  holder->provider = Share(source);
  ASSERT_TRUE(Wait(holder->provider).ok());
  // Ready, so that the callback runs inside WhenReady.
  holder->provider->WhenReady(kNone, kNone, [holder](const absl::Status&) {
    holder->provider.reset();
  });
  EXPECT_EQ(holder->provider, nullptr);
}

TEST_F(RegistryLifetimeTest, DroppingInAnObserverIsSafe) {
  const auto holder = std::make_shared<Watched<Holder>>();
  const auto dropped = std::make_shared<Watched<bool>>();
  const auto core = RegistryCore::Of(ProviderRegistry::Create(
      {clock_, [=](const RefreshEvent&) {
         std::shared_ptr<Provider> last;
         holder->WaitFor(
             [](const Holder& held) { return held.provider != nullptr; });
         holder->With([&](Holder& held) { last = std::move(held.provider); });
         last.reset();
         dropped->With([](bool& done) { done = true; });
       }}));
  holder->With([&](Holder& held) {
    held.provider = *core->Share(MakeSpec("id", NewSource()));
  });
  EXPECT_TRUE(dropped->WaitFor([](bool done) { return done; }));
  EXPECT_TRUE(core->Snapshot().empty());
}

TEST_F(RegistryLifetimeTest, DroppingInsideFetchIsSafe) {
  const auto holder = std::make_shared<Watched<Holder>>();
  const auto dropped = std::make_shared<Watched<bool>>();
  auto source = std::make_shared<FakeSource>(
      [=, clock = clock_](int) -> absl::StatusOr<Token> {
        std::shared_ptr<Provider> last;
        holder->WaitFor(
            [](const Holder& held) { return held.provider != nullptr; });
        holder->With([&](Holder& held) { last = std::move(held.provider); });
        last.reset();
        dropped->With([](bool& done) { done = true; });
        return Token{"token", clock->Now() + absl::Hours(1)};
      });
  const std::weak_ptr<FakeSource> weak_source = source;
  auto provider = Share(std::move(source));
  holder->With([&](Holder& held) { held.provider = std::move(provider); });
  EXPECT_TRUE(dropped->WaitFor([](bool done) { return done; }));
  EXPECT_TRUE(WaitUntil([&] { return weak_source.expired(); }));
}

TEST_F(RegistryLifetimeTest, ManyThreadsMakeUseAndDropAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const auto source = NewSource();
        if (round % 5 == 0) source->Block();
        const auto provider = Share(source, absl::StrCat((i + round) % 3));
        provider->WhenReady(kNone, absl::Hours(1), [](const absl::Status&) {});
        if (round % 2 == 0) ready += !HeaderOf(*provider).empty();
        provider->ReportRejected(HeaderOf(*provider));
        if (i == 0) clock_->Advance(absl::Seconds(1));
        if (i == 1) core_->Snapshot();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(core_->Snapshot().empty());
  EXPECT_TRUE(Wait(Share(NewSource())).ok());
}

}  // namespace
}  // namespace aistudio::auth::internal
