// What each single event does. Long runs are in token_state_soak_test.cc.

#include "src/core/token_state.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/refresh_policy.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const absl::Duration kNone = absl::ZeroDuration();

class TokenStateTest : public ::testing::Test {
 protected:
  void Pass(absl::Duration duration) {
    now_.wall += duration;
    now_.uptime += duration;
  }
  void Start() {
    ASSERT_TRUE(state_.ShouldFetch(now_));
    state_.FetchStarted(now_);
  }
  absl::Status End(absl::StatusOr<Token> token, bool calls_wait = false) {
    return state_.FetchEnded(now_, std::move(token), calls_wait);
  }
  // One fetch, whether due or not.
  absl::Status Fetch(absl::StatusOr<Token> token) {
    state_.FetchStarted(now_);
    return End(std::move(token));
  }
  absl::Status FetchToken(const std::string& value,
                          absl::Duration lifetime = absl::Hours(12)) {
    return Fetch(Token{value, now_.wall + lifetime});
  }
  Readiness At(absl::Duration min_remaining = kNone) const {
    return state_.At(now_, min_remaining);
  }
  std::string Header() const {
    const Snapshot snapshot = state_.MakeSnapshot(now_);
    return snapshot.header == nullptr ? ""
                                      : std::string(snapshot.header->Expose());
  }
  absl::Duration NextIn() const {
    return state_.NextChange(now_) - now_.uptime;
  }
  CredentialsStats Stats() const {
    CredentialsStats stats;
    state_.FillStats(now_, stats);
    return stats;
  }

  Instant now_{absl::FromUnixSeconds(1767225600), absl::Hours(1)};
  double random_ = 0;
  TokenState state_{"test source", *MakeRefreshPolicy({}, absl::Hours(1)),
                    [this] { return random_; }};
};

TEST_F(TokenStateTest, FetchesAtOnceAndCallsWait) {
  EXPECT_TRUE(state_.ShouldFetch(now_));
  EXPECT_EQ(At(), Readiness::kPending);
  Start();
  EXPECT_FALSE(state_.ShouldFetch(now_));
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_THAT(std::string(state_.WhyNot(now_, kNone).message()),
              StartsWith("test source: the first token is still"));
  EXPECT_TRUE(End(Token{" token \n", now_.wall + absl::Hours(12)}).ok());
  EXPECT_EQ(At(), Readiness::kReady);
  EXPECT_EQ(Header(), "Bearer token");
}

TEST_F(TokenStateTest, KeepsALivingTokenThroughFailures) {
  ASSERT_TRUE(FetchToken("token").ok());
  Pass(absl::Hours(1));
  for (const absl::Status& error :
       {absl::UnavailableError("down"), absl::PermissionDeniedError("no")}) {
    EXPECT_EQ(Fetch(error), error);
    EXPECT_EQ(Header(), "Bearer token");
    EXPECT_EQ(Stats().last_error, error);
    EXPECT_TRUE(Stats().has_token);
  }
  EXPECT_EQ(Stats().consecutive_failures, 2);
}

TEST_F(TokenStateTest, ATransientFailureDoesNotEndTheWait) {
  Start();
  EXPECT_FALSE(End(absl::UnavailableError("down")).ok());
  EXPECT_EQ(At(), Readiness::kPending);
  Pass(absl::Milliseconds(500));
  Start();
  EXPECT_TRUE(End(Token{"token", now_.wall + absl::Hours(1)}).ok());
  EXPECT_EQ(At(), Readiness::kReady);
  EXPECT_TRUE(Stats().last_error.ok());
}

TEST_F(TokenStateTest, APermanentErrorEndsTheWaitButNotTheAttempts) {
  Start();
  EXPECT_FALSE(End(absl::PermissionDeniedError("no role")).ok());
  EXPECT_EQ(At(), Readiness::kFailed);
  EXPECT_EQ(state_.WhyNot(now_, kNone), absl::PermissionDeniedError("no role"));
  EXPECT_EQ(state_.MakeSnapshot(now_).failure,
            absl::PermissionDeniedError("no role"));
  EXPECT_FALSE(state_.ShouldFetch(now_));
  Pass(absl::Minutes(1));
  Start();
  EXPECT_EQ(At(), Readiness::kFailed) << "nobody waits for the slow attempts";
  EXPECT_TRUE(End(Token{"token", now_.wall + absl::Hours(1)}).ok());
  EXPECT_EQ(At(), Readiness::kReady);
}

TEST_F(TokenStateTest, TheWaitEndsOneTimeoutAfterTheFirstAttemptBegan) {
  Start();
  Pass(absl::Seconds(4));
  EXPECT_FALSE(End(absl::UnavailableError("down 1")).ok());
  Pass(absl::Seconds(5));
  Start();
  EXPECT_FALSE(End(absl::UnavailableError("down 2")).ok());
  EXPECT_EQ(At(), Readiness::kPending);
  Pass(absl::Milliseconds(999));
  EXPECT_EQ(At(), Readiness::kPending);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(At(), Readiness::kFailed);
  EXPECT_EQ(state_.WhyNot(now_, kNone), absl::UnavailableError("down 2"));
  // And so it stays, with whatever was said last, until a token comes.
  Pass(absl::Hours(1));
  Start();
  EXPECT_EQ(At(), Readiness::kFailed);
  EXPECT_FALSE(End(absl::UnavailableError("down 3")).ok());
  EXPECT_EQ(state_.WhyNot(now_, kNone), absl::UnavailableError("down 3"));
  EXPECT_TRUE(FetchToken("token").ok());
  EXPECT_EQ(At(), Readiness::kReady);
}

TEST_F(TokenStateTest, AFetchThatIsOverdueFailsTheCallsThatWait) {
  Start();
  Pass(absl::Seconds(10));
  ASSERT_TRUE(state_.IsOverdue(now_));
  state_.FetchOverdue(now_, /*calls_wait=*/true);
  EXPECT_FALSE(state_.IsOverdue(now_)) << "counted once";
  EXPECT_TRUE(state_.fetching()) << "one fetch at a time";
  EXPECT_FALSE(state_.ShouldFetch(now_));
  EXPECT_EQ(At(), Readiness::kFailed);
  const absl::Status why = state_.WhyNot(now_, kNone);
  EXPECT_EQ(why.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(why.message()), HasSubstr("no answer within 10s"));
  EXPECT_EQ(Stats().failures, 1);
}

TEST_F(TokenStateTest, AFetchsTimeCountsFromWhenAThreadTakesItUp) {
  state_.FetchQueued(now_);
  EXPECT_TRUE(state_.fetching());
  EXPECT_FALSE(state_.ShouldFetch(now_));
  Pass(absl::Seconds(50));
  EXPECT_FALSE(state_.IsOverdue(now_));
  EXPECT_EQ(At(), Readiness::kPending);
  state_.FetchStarted(now_);
  Pass(absl::Seconds(9));
  EXPECT_FALSE(state_.IsOverdue(now_));
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_EQ(NextIn(), absl::Seconds(1));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(state_.IsOverdue(now_));
  EXPECT_EQ(At(), Readiness::kFailed);
}

TEST_F(TokenStateTest, CallsHearWhenNoThreadIsFreeForLong) {
  state_.FetchQueued(now_);
  EXPECT_EQ(NextIn(), absl::Minutes(1));
  Pass(absl::Minutes(1));
  ASSERT_TRUE(state_.IsOverdue(now_));
  state_.FetchOverdue(now_, /*calls_wait=*/true);
  EXPECT_FALSE(state_.IsOverdue(now_)) << "counted once";
  EXPECT_EQ(At(), Readiness::kFailed);
  const absl::Status why = state_.WhyNot(now_, kNone);
  EXPECT_EQ(why.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(why.message()),
              HasSubstr("no thread was free to ask it within 1m"));

  // Its turn comes: now it has its own time, and calls wait for it again.
  Pass(absl::Minutes(5));
  state_.FetchStarted(now_);
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_FALSE(state_.IsOverdue(now_));
  EXPECT_TRUE(End(Token{"token", now_.wall + absl::Hours(1)}).ok());
  EXPECT_EQ(At(), Readiness::kReady);
  EXPECT_EQ(Stats().failures, 1);
}

TEST_F(TokenStateTest, AnOverdueFetchIsCountedOnceAndItsReasonStands) {
  Start();
  Pass(absl::Seconds(10));
  state_.FetchOverdue(now_, /*calls_wait=*/false);
  Pass(absl::Seconds(1));
  EXPECT_EQ(End(absl::CancelledError("cancelled")).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Stats().failures, 1);
  EXPECT_EQ(Stats().consecutive_failures, 1);
  EXPECT_FALSE(state_.fetching());
  EXPECT_GT(NextIn(), kNone);
  EXPECT_LE(NextIn(), absl::Milliseconds(500));
}

TEST_F(TokenStateTest, ALateGoodAnswerIsUsed) {
  Start();
  Pass(absl::Seconds(10));
  state_.FetchOverdue(now_, /*calls_wait=*/false);
  Pass(absl::Seconds(30));
  EXPECT_TRUE(End(Token{"late", now_.wall + absl::Hours(1)}).ok());
  EXPECT_EQ(Header(), "Bearer late");
  EXPECT_EQ(Stats().consecutive_failures, 0);
  EXPECT_TRUE(Stats().last_error.ok());
}

TEST_F(TokenStateTest, ATokenDiesByTheWallClock) {
  ASSERT_TRUE(FetchToken("token", absl::Hours(12)).ok());
  now_.wall += absl::Hours(12) - absl::Seconds(31);
  EXPECT_EQ(At(), Readiness::kReady);
  now_.wall += absl::Seconds(1);
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_TRUE(state_.ShouldFetch(now_));
  EXPECT_EQ(Header(), "");
}

TEST_F(TokenStateTest, ATokenDiesByTheUptimeWhenTheWallClockWasSetBack) {
  ASSERT_TRUE(FetchToken("token", absl::Hours(12)).ok());
  now_.wall -= absl::Hours(24);
  EXPECT_EQ(At(), Readiness::kReady);
  // Readers look at the wall clock alone, so they are told in today's terms.
  EXPECT_LE(state_.MakeSnapshot(now_).usable_until,
            now_.wall + absl::Hours(12));
  Pass(absl::Hours(12) - absl::Seconds(30));
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_TRUE(state_.ShouldFetch(now_));
}

TEST_F(TokenStateTest, AJumpThatKillsTheTokenAlsoEndsALongPause) {
  random_ = 0.999;
  ASSERT_TRUE(FetchToken("token", absl::Hours(12)).ok());
  for (int i = 0; i < 20; ++i) Fetch(absl::UnavailableError("")).IgnoreError();
  ASSERT_GT(Stats().next_attempt, now_.wall + absl::Minutes(2));
  now_.wall += absl::Hours(13);  // as after a pause that the uptime did not see
  EXPECT_EQ(At(), Readiness::kPending);
  EXPECT_LE(Stats().next_attempt, now_.wall + absl::Seconds(15));
}

TEST_F(TokenStateTest, AForkedChildWaitsForItsOwnFetch) {
  Start();
  Pass(absl::Hours(1));
  state_.Forked();
  EXPECT_EQ(At(), Readiness::kPending);
  Start();
  EXPECT_EQ(At(), Readiness::kPending);
  Pass(absl::Seconds(10));
  EXPECT_EQ(At(), Readiness::kFailed);
}

struct BadToken {
  std::string name;
  std::string value;
  absl::Duration lifetime;
  std::string fault;
};

TEST_F(TokenStateTest, ABadTokenIsAnErrorThatDoesNotQuoteIt) {
  const BadToken cases[] = {
      {"empty", "", absl::Hours(1), "empty"},
      {"blank", " \n\t", absl::Hours(1), "white space"},
      {"line break", "hush\nhush", absl::Hours(1), "line break"},
      {"control", std::string("hush\0hush", 9), absl::Hours(1), "control"},
      {"del", "hush\x7Fhush", absl::Hours(1), "control"},
      {"non-ascii", "hush\xC3\xA9hush", absl::Hours(1), "not ASCII"},
      {"inner blank", "hush hush", absl::Hours(1), "white space"},
      {"too long", "hush" + std::string(8000, 'x'), absl::Hours(1), "8004"},
      {"expired", "hush", -absl::Seconds(1), "expired"},
      {"expires now", "hush", kNone, "expired"},
      {"long past", "hush", -absl::Hours(24 * 366 * 50), "expired"},
      {"infinite past", "hush", -absl::InfiniteDuration(), "expired"},
  };
  for (const BadToken& c : cases) {
    const absl::Status status = Fetch(Token{c.value, now_.wall + c.lifetime});
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << c.name;
    const std::string text = status.ToString();
    EXPECT_THAT(text, HasSubstr("test source: ")) << c.name;
    EXPECT_THAT(text, HasSubstr(c.fault)) << c.name;
    EXPECT_THAT(text, Not(HasSubstr("hush"))) << c.name;
    EXPECT_NE(At(), Readiness::kReady) << c.name;
    EXPECT_EQ(Stats().refreshes, 0) << c.name;
  }
}

TEST_F(TokenStateTest, AForgottenExpiryIsRefused) {
  EXPECT_FALSE(Fetch(Token{"token", absl::Time()}).ok());
}

TEST_F(TokenStateTest, ABadTokenLeavesAGoodOneInPlace) {
  ASSERT_TRUE(FetchToken("good").ok());
  Pass(absl::Hours(1));
  EXPECT_FALSE(FetchToken("").ok());
  EXPECT_EQ(Header(), "Bearer good");
}

TEST_F(TokenStateTest, AnExpiryInTheFarFutureIsBounded) {
  ASSERT_TRUE(FetchToken("token", absl::Hours(24 * 366 * 1000)).ok());
  EXPECT_EQ(Stats().expires_at, now_.wall + absl::Hours(24 * 366));
  EXPECT_LE(Stats().next_attempt, now_.wall + absl::Hours(1));
}

TEST_F(TokenStateTest, ATokenOfUnknownExpiryIsUsedUntilANewerOneComes) {
  ASSERT_TRUE(Fetch(Token{"token", absl::InfiniteFuture()}).ok());
  EXPECT_EQ(Stats().expires_at, absl::InfiniteFuture());
  EXPECT_EQ(NextIn(), absl::Hours(1));
  for (int i = 0; i < 50; ++i) {
    Pass(absl::Hours(24));
    Fetch(absl::UnavailableError("down")).IgnoreError();
    EXPECT_EQ(At(absl::Hours(10)), Readiness::kReady);
    EXPECT_LE(NextIn(), absl::Minutes(5));
  }
  ASSERT_TRUE(FetchToken("newer").ok());
  EXPECT_EQ(Header(), "Bearer newer");
}

TEST_F(TokenStateTest, CountsTokensThatDiffer) {
  ASSERT_TRUE(FetchToken("a").ok());
  ASSERT_TRUE(FetchToken("a").ok());
  EXPECT_EQ(Stats().generation, 1);
  ASSERT_TRUE(FetchToken("b").ok());
  EXPECT_EQ(Stats().generation, 2);
  EXPECT_EQ(Stats().refreshes, 3);
  EXPECT_EQ(Stats().last_refresh, now_.wall);
}

TEST_F(TokenStateTest, ACallThatComesShortensThePause) {
  random_ = 0.999;
  for (int i = 0; i < 5; ++i) Fetch(absl::UnavailableError("")).IgnoreError();
  ASSERT_GT(Stats().next_attempt, now_.wall + absl::Seconds(5));
  state_.CallWaits(now_);
  EXPECT_LE(Stats().next_attempt, now_.wall + absl::Milliseconds(500));
  EXPECT_FALSE(state_.ShouldFetch(now_));
}

TEST_F(TokenStateTest, ACallThatComesDoesNotOverrideAServersWish) {
  Fetch(WithRetryDelay(absl::UnavailableError(""), absl::Seconds(7)))
      .IgnoreError();
  state_.CallWaits(now_);
  EXPECT_EQ(Stats().next_attempt, now_.wall + absl::Seconds(7));
}

}  // namespace
}  // namespace aistudio::auth::internal
