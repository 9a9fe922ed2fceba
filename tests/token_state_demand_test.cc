// What calls may demand of a token: one that was not rejected, one that lasts.

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/refresh_policy.h"
#include "src/core/token_state.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TokenDemandTest : public ::testing::Test {
 protected:
  void Pass(absl::Duration duration) {
    now_.wall += duration;
    now_.uptime += duration;
  }
  void FetchToken(const std::string& value, absl::Duration lifetime) {
    state_.FetchStarted(now_);
    ASSERT_TRUE(state_
                    .FetchEnded(now_, Token{value, now_.wall + lifetime},
                                /*calls_wait=*/false)
                    .ok());
  }
  void Reject(const std::string& token) {
    state_.Rejected(now_, "Bearer " + token);
  }
  bool Due() const { return state_.ShouldFetch(now_); }
  absl::Duration NextIn() const {
    return state_.NextChange(now_) - now_.uptime;
  }
  std::int64_t Rejections() const {
    CredentialsStats stats;
    state_.FillStats(now_, stats);
    return stats.rejections;
  }

  Instant now_{absl::FromUnixSeconds(1767225600), absl::Hours(1)};
  TokenState state_{"test source", *MakeRefreshPolicy({}, absl::Hours(1)),
                    [] { return 0.0; }};
};

TEST_F(TokenDemandTest, ARejectedTokenIsReplacedAtOnce) {
  FetchToken("a", absl::Hours(12));
  EXPECT_FALSE(Due());
  Reject("a");
  EXPECT_TRUE(Due());
  EXPECT_EQ(state_.At(now_, absl::ZeroDuration()), Readiness::kReady)
      << "it may be another service's whim: calls go on meanwhile";
  FetchToken("b", absl::Hours(12));
  EXPECT_FALSE(Due());
  EXPECT_EQ(Rejections(), 1);
}

TEST_F(TokenDemandTest, ManyReportsOfOneTokenMakeOneRefresh) {
  FetchToken("a", absl::Hours(12));
  for (int i = 0; i < 100; ++i) Reject("a");
  EXPECT_EQ(Rejections(), 1);
  FetchToken("a", absl::Hours(12));
  for (int i = 0; i < 100; ++i) {
    Pass(absl::Seconds(1));
    Reject("a");
    EXPECT_FALSE(Due()) << "the source has nothing else to give";
  }
}

TEST_F(TokenDemandTest, RefreshesAfterReportsComeTenSecondsApart) {
  FetchToken("a", absl::Hours(12));
  Reject("a");
  EXPECT_TRUE(Due());
  FetchToken("b", absl::Hours(12));
  Pass(absl::Seconds(1));
  Reject("b");
  EXPECT_FALSE(Due());
  EXPECT_EQ(NextIn(), absl::Seconds(9));
  Pass(absl::Seconds(9));
  EXPECT_TRUE(Due());
}

TEST_F(TokenDemandTest, AReportOfAnotherTokenDoesNothing) {
  Reject("a");
  FetchToken("a", absl::Hours(12));
  FetchToken("b", absl::Hours(12));
  Reject("a");
  state_.Rejected(now_, "b");
  state_.Rejected(now_, "");
  state_.Rejected(now_, "Api-Key b");
  EXPECT_FALSE(Due());
  EXPECT_EQ(Rejections(), 0);
}

TEST_F(TokenDemandTest, ARunningFetchAnswersAReport) {
  FetchToken("a", absl::Hours(12));
  Pass(absl::Hours(1));
  state_.FetchStarted(now_);
  Reject("a");
  ASSERT_TRUE(state_
                  .FetchEnded(now_, Token{"b", now_.wall + absl::Hours(12)},
                              /*calls_wait=*/false)
                  .ok());
  EXPECT_FALSE(Due());
}

TEST_F(TokenDemandTest, ARunningFetchThatBringsTheSameTokenIsRepeated) {
  FetchToken("a", absl::Hours(12));
  Pass(absl::Hours(1));
  state_.FetchStarted(now_);
  Reject("a");
  ASSERT_TRUE(state_
                  .FetchEnded(now_, Token{"a", now_.wall + absl::Hours(11)},
                              /*calls_wait=*/false)
                  .ok());
  EXPECT_TRUE(Due());
  FetchToken("a", absl::Hours(11));
  EXPECT_FALSE(Due()) << "once";
}

TEST_F(TokenDemandTest, ACallThatNeedsALongerTokenGetsANewOne) {
  FetchToken("a", absl::Hours(1));
  Pass(absl::Minutes(20));
  EXPECT_EQ(state_.At(now_, absl::Minutes(40)), Readiness::kReady);
  EXPECT_FALSE(Due());
  const absl::Duration need = absl::Minutes(45);
  EXPECT_EQ(state_.At(now_, need), Readiness::kPending);
  state_.RequireRemaining(now_, need);
  EXPECT_TRUE(Due());
  EXPECT_EQ(state_.At(now_, absl::ZeroDuration()), Readiness::kReady);
  FetchToken("b", absl::Hours(1));
  EXPECT_EQ(state_.At(now_, need), Readiness::kReady);
}

TEST_F(TokenDemandTest, TokensAreThenFetchedEarlyEnough) {
  FetchToken("a", absl::Hours(1));
  EXPECT_EQ(NextIn(), absl::Minutes(45));
  state_.RequireRemaining(now_, absl::Minutes(40));
  EXPECT_FALSE(Due());
  EXPECT_LT(NextIn(), absl::Minutes(20));
  Pass(NextIn());
  EXPECT_TRUE(Due());
  EXPECT_EQ(state_.At(now_, absl::Minutes(40)), Readiness::kReady);
  FetchToken("b", absl::Hours(1));
  EXPECT_LT(NextIn(), absl::Minutes(20)) << "for all tokens to come";
  EXPECT_GT(NextIn(), absl::Minutes(10));
}

TEST_F(TokenDemandTest, WhatNoTokenCanGiveFailsWithClearWords) {
  FetchToken("a", absl::Minutes(10));
  state_.RequireRemaining(now_, absl::Hours(1));
  EXPECT_EQ(state_.At(now_, absl::Hours(1)), Readiness::kFailed);
  EXPECT_FALSE(Due());
  const absl::Status why = state_.WhyNot(now_, absl::Hours(1));
  EXPECT_EQ(why.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(why.message()),
              AllOf(HasSubstr("test source: "), HasSubstr("live 10m"),
                    HasSubstr("1h"), HasSubstr("WithMinRemaining")));
  EXPECT_EQ(state_.At(now_, absl::ZeroDuration()), Readiness::kReady)
      << "calls that need less go on";
}

TEST_F(TokenDemandTest, AnEndlessDemandHarmsNobody) {
  state_.RequireRemaining(now_, absl::InfiniteDuration());
  FetchToken("a", absl::Hours(1));
  state_.RequireRemaining(now_, absl::InfiniteDuration());
  EXPECT_EQ(state_.At(now_, absl::InfiniteDuration()), Readiness::kFailed);
  EXPECT_EQ(NextIn(), absl::Minutes(45));
}

TEST_F(TokenDemandTest, TheWaitForALongerTokenEnds) {
  FetchToken("a", absl::Hours(1));
  Pass(absl::Minutes(30));
  const absl::Duration need = absl::Minutes(45);
  state_.RequireRemaining(now_, need);
  EXPECT_THAT(std::string(state_.WhyNot(now_, need).message()),
              AllOf(HasSubstr("longer"), HasSubstr("45m")));
  ASSERT_TRUE(Due());
  state_.FetchStarted(now_);
  state_.FetchEnded(now_, absl::UnavailableError("down"), true).IgnoreError();
  EXPECT_EQ(state_.At(now_, need), Readiness::kPending);
  Pass(absl::Seconds(10));
  EXPECT_EQ(state_.At(now_, need), Readiness::kFailed);
  EXPECT_EQ(state_.WhyNot(now_, need), absl::UnavailableError("down"));
  EXPECT_EQ(state_.At(now_, absl::ZeroDuration()), Readiness::kReady);
}

TEST_F(TokenDemandTest, ADemandAtTheLimitDoesNotMakeEachCallAFetch) {
  // Tokens live just as long as is asked for: a moment later they are too
  // short.
  int fetches = 0;
  for (int i = 0; i < 1000; ++i) {
    Pass(absl::Milliseconds(1));
    state_.RequireRemaining(now_, absl::Hours(1));
    if (Due()) {
      FetchToken("token-" + std::to_string(++fetches), absl::Hours(1));
    }
  }
  EXPECT_GE(fetches, 2);
  EXPECT_LE(fetches, 6);
}

}  // namespace
}  // namespace aistudio::auth::internal
