// Hours and days of virtual time.

#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"
#include "gtest/gtest.h"
#include "src/core/refresh_policy.h"
#include "src/core/token_state.h"
#include "tests/token_state_simulator.h"

namespace aistudio::auth::internal {
namespace {

// The same token all the time, as the metadata service hands it out.
Simulator::Source SameToken(absl::Time expires_at) {
  return [expires_at](Instant, int) { return Token{"same", expires_at}; };
}

TEST(TokenStateSoakTest, AHealthyDayTakesAFetchAnHour) {
  Simulator simulator(Simulator::Always(absl::Hours(12)));
  simulator.RunFor(absl::Hours(24));
  EXPECT_GE(simulator.fetches(), 24);
  EXPECT_LE(simulator.fetches(), 28);
}

TEST(TokenStateSoakTest, ATokenIsReadyAllTheTimeAfterTheFirst) {
  Simulator simulator(Simulator::Always(absl::Seconds(3)));
  simulator.RunFor(absl::Seconds(1));
  for (int i = 0; i < 10000; ++i) {
    simulator.RunFor(absl::Milliseconds(10));
    ASSERT_EQ(simulator.At(), Readiness::kReady);
  }
  EXPECT_LE(simulator.fetches(), 60);
}

TEST(TokenStateSoakTest, ATokenThatIsHandedOutAgainMakesNoStorm) {
  const absl::Duration lifetime = absl::Hours(12);
  const absl::Time expires_at = absl::FromUnixSeconds(1767225600) + lifetime;
  Simulator simulator(SameToken(expires_at));
  simulator.RunFor(lifetime - absl::Seconds(30));
  // Twelve for max_age, then ever more often, at most once a second.
  EXPECT_LE(simulator.fetches(), 60);
  EXPECT_EQ(simulator.Stats().generation, 1);
  const int before_expiry = simulator.fetches();
  simulator.RunFor(absl::Hours(1));
  EXPECT_LE(simulator.fetches() - before_expiry, 900);
  EXPECT_NE(simulator.At(), Readiness::kReady);
}

TEST(TokenStateSoakTest, ATokenOfUnknownExpiryThatStaysMakesNoStorm) {
  Simulator simulator(SameToken(absl::InfiniteFuture()));
  simulator.RunFor(absl::Hours(24));
  EXPECT_LE(simulator.fetches(), 28);
}

TEST(TokenStateSoakTest, TokensThatDieSoonMakeNoStorm) {
  for (const auto& [lifetime, most_a_minute] :
       {std::pair{absl::Seconds(5), 20}, std::pair{absl::Seconds(1), 100},
        std::pair{absl::Milliseconds(100), 310},
        std::pair{absl::Milliseconds(4), 310},
        std::pair{absl::Microseconds(1), 310}}) {
    Simulator fresh(Simulator::Always(lifetime));
    fresh.set_latency(absl::ZeroDuration());
    fresh.RunFor(absl::Minutes(1));
    EXPECT_LE(fresh.fetches(), most_a_minute) << lifetime;
    EXPECT_GE(fresh.fetches(), 10) << lifetime;

    Simulator same([time_left = lifetime](Instant now, int) {
      return Token{"same", now.wall + time_left};
    });
    same.set_latency(absl::ZeroDuration());
    same.RunFor(absl::Minutes(1));
    EXPECT_LE(same.fetches(), 310) << lifetime;
  }
}

TEST(TokenStateSoakTest, AClockSetBackMakesNeitherStormNorDeadHeader) {
  for (const int hours : {1, 3, 13, 24 * 30}) {
    Simulator simulator(Simulator::Always(absl::Hours(12)));
    simulator.RunFor(absl::Hours(2));
    const int before = simulator.fetches();
    simulator.SetBack(absl::Hours(hours));
    simulator.RunFor(absl::Hours(6));
    EXPECT_LE(simulator.fetches() - before, 8) << hours;
    EXPECT_GE(simulator.fetches() - before, 5) << hours;
    EXPECT_EQ(simulator.At(), Readiness::kReady);
  }
}

TEST(TokenStateSoakTest, AClockSetForwardMakesNeitherStormNorDeadHeader) {
  for (const int hours : {1, 3, 13, 24 * 30}) {
    Simulator simulator(Simulator::Always(absl::Hours(12)));
    simulator.RunFor(absl::Hours(2));
    const int before = simulator.fetches();
    simulator.SetForward(absl::Hours(hours));
    simulator.RunFor(absl::Hours(6));
    EXPECT_LE(simulator.fetches() - before, 9) << hours;
    EXPECT_EQ(simulator.At(), Readiness::kReady);
  }
}

TEST(TokenStateSoakTest, AClockThatIsFarAheadOfTheServersMakesNoStorm) {
  // The server's tokens live until 12 hours after its own time.
  absl::Duration ahead = absl::ZeroDuration();
  Simulator simulator([&](Instant now, int call) {
    return Token{absl::StrCat("token-", call),
                 now.wall - ahead + absl::Hours(12)};
  });
  simulator.RunFor(absl::Hours(1));
  ahead = absl::Hours(13);
  simulator.SetForward(ahead);
  const int before = simulator.fetches();
  simulator.RunFor(absl::Hours(1));
  EXPECT_NE(simulator.At(), Readiness::kReady);
  EXPECT_LE(simulator.fetches() - before, 900);
  // Put right, it heals within one pause.
  simulator.SetBack(ahead);
  ahead = absl::ZeroDuration();
  simulator.RunFor(absl::Seconds(16));
  EXPECT_EQ(simulator.At(), Readiness::kReady);
}

TEST(TokenStateSoakTest, AClockThatSwingsMakesNoStorm) {
  Simulator simulator(Simulator::Always(absl::Hours(12)));
  for (int i = 0; i < 100; ++i) {
    simulator.SetForward(absl::Hours(5));
    simulator.RunFor(absl::Minutes(1));
    simulator.SetBack(absl::Hours(5));
    simulator.RunFor(absl::Minutes(1));
  }
  EXPECT_LE(simulator.fetches(), 210) << "no more than one a jump";
}

TEST(TokenStateSoakTest, AnOutageLongerThanATokenHealsWithinOneBackoffStep) {
  bool down = false;
  Simulator simulator([&](Instant now, int call) -> absl::StatusOr<Token> {
    if (down) return absl::UnavailableError("IAM is down");
    return Token{absl::StrCat("token-", call), now.wall + absl::Hours(12)};
  });
  simulator.RunFor(absl::Hours(1));
  down = true;
  simulator.RunFor(absl::Hours(9));
  EXPECT_EQ(simulator.At(), Readiness::kReady);
  simulator.RunFor(absl::Hours(5));
  EXPECT_EQ(simulator.At(), Readiness::kFailed);
  EXPECT_EQ(simulator.Stats().last_error,
            absl::UnavailableError("IAM is down"));
  EXPECT_LE(simulator.fetches(), 3000) << "14 hours";
  down = false;
  simulator.RunFor(absl::Seconds(16));
  EXPECT_EQ(simulator.At(), Readiness::kReady);
}

TEST(TokenStateSoakTest, ABriefOutageIsNeverSeenByCalls) {
  bool down = false;
  Simulator simulator([&](Instant now, int call) -> absl::StatusOr<Token> {
    if (down) return absl::UnavailableError("down");
    return Token{absl::StrCat("token-", call), now.wall + absl::Seconds(60)};
  });
  simulator.RunFor(absl::Seconds(1));
  for (int i = 0; i < 5000; ++i) {
    // Down a third of the time, at most 6 seconds of the 15 between the refresh
    // and the end.
    down = i % 18 < 6;
    simulator.RunFor(absl::Seconds(1));
    ASSERT_EQ(simulator.At(), Readiness::kReady) << i;
  }
}

// Everything at once. The simulator checks each step.
TEST(TokenStateSoakTest, SurvivesDaysOfEverything) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    const auto one_in = [&](int n) {
      return std::uniform_int_distribution<int>(1, n)(chance) == 1;
    };
    const auto up_to = [&](absl::Duration most) {
      return most * std::uniform_real_distribution<double>()(chance);
    };
    const absl::Duration lifetimes[] = {absl::Hours(12), absl::Hours(1),
                                        absl::Minutes(5), absl::Seconds(20)};
    const absl::Duration lifetime = lifetimes[seed % 4];
    absl::Status mood;
    Simulator simulator(
        [&](Instant now, int call) -> absl::StatusOr<Token> {
          if (!mood.ok()) return mood;
          if (one_in(10)) return absl::UnavailableError("hiccup");
          if (one_in(40)) return Token{"", now.wall + lifetime};
          if (one_in(40)) return Token{absl::StrCat("old-", call), now.wall};
          const int name = one_in(5) ? call - 1 : call;
          return Token{absl::StrCat("token-", name), now.wall + lifetime};
        },
        {}, seed);
    const absl::Duration start = simulator.now().uptime;
    int events = 0;
    for (; simulator.now().uptime - start < absl::Hours(24 * 6); ++events) {
      simulator.RunFor(up_to(one_in(5) ? absl::Hours(5) : absl::Minutes(20)));
      ASSERT_FALSE(HasFatalFailure());
      if (one_in(4)) mood = absl::OkStatus();
      if (one_in(8)) mood = absl::UnavailableError("down");
      if (one_in(16)) mood = absl::PermissionDeniedError("no role");
      if (one_in(16)) {
        mood = WithRetryDelay(absl::ResourceExhaustedError("busy"),
                              up_to(absl::Hours(1)));
      }
      if (one_in(8)) simulator.SetBack(up_to(absl::Hours(20)));
      if (one_in(8)) simulator.SetForward(up_to(absl::Hours(20)));
      if (one_in(4)) simulator.set_latency(up_to(absl::Seconds(14)));
      if (one_in(2)) simulator.set_latency(absl::Milliseconds(30));
      if (one_in(3))
        simulator.state().Rejected(simulator.now(), simulator.Header());
      if (one_in(3)) simulator.state().CallWaits(simulator.now());
      if (one_in(3)) {
        simulator.state().RequireRemaining(simulator.now(),
                                           up_to(lifetime / 2));
      }
    }
    mood = absl::OkStatus();
    // One pause, one slow answer, and a few hiccups.
    simulator.set_latency(absl::Milliseconds(30));
    simulator.RunFor(absl::Minutes(10));
    bool ready = false;
    for (int i = 0; i < 60 && !ready; ++i) {
      simulator.RunFor(absl::Seconds(1));
      ready = simulator.At() == Readiness::kReady;
    }
    EXPECT_TRUE(ready);
    // A fetch for each refresh, each retry and each event; four a minute at
    // worst while there is no token.
    const double days = 6.1;
    const double refreshes =
        days * absl::FDivDuration(absl::Hours(24), lifetime / 4);
    EXPECT_LE(simulator.fetches(), refreshes + days * 24 * 60 * 9 + 4 * events);
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
