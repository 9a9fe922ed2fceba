#include "src/core/refresh_policy.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aistudio/auth/token_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/retry_delay.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;

constexpr double kAlmostOne = 0.999999;

RefreshPolicy DefaultPolicy() {
  return *MakeRefreshPolicy(RefreshOptions(), absl::Hours(1));
}

RefreshPolicy::Failure Transient(int consecutive) {
  RefreshPolicy::Failure failure;
  failure.consecutive = consecutive;
  return failure;
}

TEST(RefreshAfterTest, IsThreeQuartersOfAShortLifetime) {
  EXPECT_EQ(DefaultPolicy().RefreshAfter(absl::Minutes(20), 0.0),
            absl::Minutes(15));
}

TEST(RefreshAfterTest, IsMaxAgeOfALongLifetime) {
  EXPECT_EQ(DefaultPolicy().RefreshAfter(absl::Hours(12), 0.0), absl::Hours(1));
  EXPECT_EQ(DefaultPolicy().RefreshAfter(absl::InfiniteDuration(), 0.0),
            absl::Hours(1));
}

TEST(RefreshAfterTest, IsBroughtForwardByUpToATenth) {
  const RefreshPolicy policy = DefaultPolicy();
  EXPECT_EQ(policy.RefreshAfter(absl::Hours(12), 0.5), absl::Minutes(57));
  const absl::Duration earliest =
      policy.RefreshAfter(absl::Hours(12), kAlmostOne);
  EXPECT_GE(earliest, absl::Minutes(54));
  EXPECT_LT(earliest, absl::Minutes(54) + absl::Seconds(1));
}

TEST(SafetyMarginTest, IsATenthOfTheLifetimeUpToHalfAMinute) {
  EXPECT_EQ(RefreshPolicy::SafetyMargin(absl::Seconds(3)),
            absl::Milliseconds(300));
  EXPECT_EQ(RefreshPolicy::SafetyMargin(absl::Minutes(5)), absl::Seconds(30));
  EXPECT_EQ(RefreshPolicy::SafetyMargin(absl::Hours(12)), absl::Seconds(30));
}

TEST(BackoffTest, DoublesUpToFifteenSecondsWithoutAToken) {
  const RefreshPolicy policy = DefaultPolicy();
  const std::vector<std::pair<int, double>> ceilings = {
      {1, 0.5}, {2, 1}, {3, 2}, {4, 4}, {5, 8}, {6, 15}, {7, 15}, {1000, 15}};
  for (const auto& [consecutive, seconds] : ceilings) {
    const absl::Duration longest =
        policy.Backoff(Transient(consecutive), kAlmostOne);
    EXPECT_LE(longest, absl::Seconds(seconds)) << consecutive;
    EXPECT_GT(longest, absl::Seconds(seconds * 0.99)) << consecutive;
  }
}

TEST(BackoffTest, IsSpreadOverTheWholePause) {
  const RefreshPolicy policy = DefaultPolicy();
  EXPECT_EQ(policy.Backoff(Transient(4), 0.5), absl::Seconds(2));
  EXPECT_EQ(policy.Backoff(Transient(4), 0.25), absl::Seconds(1));
}

TEST(BackoffTest, NeverSpins) {
  RefreshPolicy::Failure failure = Transient(1);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Milliseconds(50));
  failure.token_left = absl::Nanoseconds(1);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Milliseconds(50));
  RefreshOptions fast;
  fast.initial_backoff = absl::Milliseconds(2);
  EXPECT_EQ(MakeRefreshPolicy(fast, absl::Hours(1))->Backoff(failure, 0.0),
            absl::Milliseconds(2));
}

TEST(BackoffTest, IsAtMostAQuarterOfWhatATokenStillLives) {
  RefreshPolicy::Failure failure = Transient(20);
  failure.token_left = absl::Seconds(8);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, kAlmostOne), absl::Seconds(2));
  // Not the 15 seconds of a provider without a token.
  failure.token_left = absl::Minutes(10);
  EXPECT_GT(DefaultPolicy().Backoff(failure, kAlmostOne), absl::Minutes(2));
  // Nor hours: the end of an outage is noticed within minutes.
  failure.token_left = absl::Hours(11);
  EXPECT_LE(DefaultPolicy().Backoff(failure, kAlmostOne), absl::Minutes(5));
}

TEST(BackoffTest, IsAboutAMinuteAfterAPermanentError) {
  RefreshPolicy::Failure failure = Transient(1);
  failure.permanent = true;
  EXPECT_GE(DefaultPolicy().Backoff(failure, 0.0), absl::Seconds(30));
  EXPECT_LE(DefaultPolicy().Backoff(failure, kAlmostOne), absl::Seconds(60));
  failure.calls_wait = true;
  EXPECT_GE(DefaultPolicy().Backoff(failure, 0.0), absl::Seconds(30));
}

TEST(BackoffTest, OfAPermanentErrorDoesNotSleepThroughTheEndOfAToken) {
  RefreshPolicy::Failure failure = Transient(1);
  failure.permanent = true;
  failure.token_left = absl::Seconds(20);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.5), absl::Seconds(5));
}

TEST(BackoffTest, IsAtMostTheFirstPauseWhileCallsWait) {
  RefreshPolicy::Failure failure = Transient(10);
  failure.calls_wait = true;
  EXPECT_EQ(DefaultPolicy().Backoff(failure, kAlmostOne),
            absl::Milliseconds(500));
}

TEST(BackoffTest, HonoursARetryHintUpToFiveMinutes) {
  RefreshPolicy::Failure failure = Transient(1);
  failure.retry_delay = absl::Seconds(40);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Seconds(40));
  failure.calls_wait = true;
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Seconds(40));
  for (const absl::Duration wish : {absl::Hours(3), absl::InfiniteDuration()}) {
    failure.retry_delay = wish;
    EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Minutes(5));
  }
}

TEST(BackoffTest, DoesNotLetAHintKillALivingToken) {
  RefreshPolicy::Failure failure = Transient(1);
  failure.retry_delay = absl::Minutes(4);
  failure.token_left = absl::Minutes(2);
  EXPECT_EQ(DefaultPolicy().Backoff(failure, 0.0), absl::Seconds(30));
}

TEST(RetryDelayTest, TravelsInsideAnError) {
  const absl::Status error =
      WithRetryDelay(absl::UnavailableError("busy"), absl::Milliseconds(1500));
  EXPECT_EQ(error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(error.message(), "busy");
  EXPECT_EQ(RetryDelayOf(error), absl::Milliseconds(1500));
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("busy"),
                                        absl::InfiniteDuration())),
            absl::InfiniteDuration());
}

TEST(RetryDelayTest, IsAbsentUnlessItMeansSomething) {
  EXPECT_EQ(RetryDelayOf(absl::UnavailableError("busy")), std::nullopt);
  EXPECT_EQ(RetryDelayOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("busy"),
                                        absl::ZeroDuration())),
            std::nullopt);
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("busy"),
                                        -absl::Seconds(1))),
            std::nullopt);
  EXPECT_TRUE(WithRetryDelay(absl::OkStatus(), absl::Seconds(1)).ok());
}

TEST(MakeRefreshPolicyTest, FillsInTheMethodsMaxAge) {
  EXPECT_EQ(MakeRefreshPolicy({}, absl::Minutes(5))->max_age, absl::Minutes(5));
  RefreshOptions options;
  options.max_age = absl::Minutes(7);
  EXPECT_EQ(MakeRefreshPolicy(options, absl::Minutes(5))->max_age,
            absl::Minutes(7));
}

TEST(MakeRefreshPolicyTest, HasTheDocumentedDefaults) {
  const RefreshPolicy policy = DefaultPolicy();
  EXPECT_EQ(policy.fetch_timeout, absl::Seconds(10));
  EXPECT_EQ(policy.initial_backoff, absl::Milliseconds(500));
  EXPECT_EQ(policy.max_backoff, absl::Seconds(15));
}

TEST(MakeRefreshPolicyTest, RefusesDurationsThatMakeNoSense) {
  struct Case {
    absl::Duration RefreshOptions::*field;
    std::string name;
    bool zero_is_default;
  };
  const Case cases[] = {
      {&RefreshOptions::max_age, "max_age", true},
      {&RefreshOptions::fetch_timeout, "fetch_timeout", false},
      {&RefreshOptions::initial_backoff, "initial_backoff", false},
      {&RefreshOptions::max_backoff, "max_backoff", false},
  };
  for (const Case& c : cases) {
    for (const absl::Duration value :
         {-absl::Nanoseconds(1), -absl::InfiniteDuration(),
          absl::ZeroDuration()}) {
      RefreshOptions options;
      options.*c.field = value;
      const auto policy = MakeRefreshPolicy(options, absl::Hours(1));
      if (c.zero_is_default && value == absl::ZeroDuration()) {
        EXPECT_TRUE(policy.ok()) << c.name;
        continue;
      }
      ASSERT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument)
          << c.name << " " << value;
      EXPECT_THAT(std::string(policy.status().message()),
                  HasSubstr("RefreshOptions::" + c.name));
    }
  }
}

TEST(MakeRefreshPolicyTest, NeverPlansAnAttemptForNever) {
  RefreshOptions options;
  options.fetch_timeout = absl::InfiniteDuration();
  options.initial_backoff = absl::InfiniteDuration();
  options.max_backoff = absl::InfiniteDuration();
  const RefreshPolicy policy = *MakeRefreshPolicy(options, absl::Hours(1));
  EXPECT_LE(policy.fetch_timeout, absl::Hours(1));
  RefreshPolicy::Failure failure = Transient(1000);
  EXPECT_LE(policy.Backoff(failure, kAlmostOne), absl::Hours(4));
  failure.permanent = true;
  EXPECT_LE(policy.Backoff(failure, kAlmostOne), absl::Hours(4));
}

TEST(IsPermanentTest, HoldsForTheCodesThatTokenSourceLists) {
  using absl::StatusCode;
  for (const StatusCode code :
       {StatusCode::kInvalidArgument, StatusCode::kNotFound,
        StatusCode::kAlreadyExists, StatusCode::kPermissionDenied,
        StatusCode::kUnauthenticated, StatusCode::kFailedPrecondition,
        StatusCode::kOutOfRange, StatusCode::kUnimplemented}) {
    EXPECT_TRUE(IsPermanent(code)) << static_cast<int>(code);
  }
  for (const StatusCode code :
       {StatusCode::kOk, StatusCode::kCancelled, StatusCode::kUnknown,
        StatusCode::kDeadlineExceeded, StatusCode::kResourceExhausted,
        StatusCode::kAborted, StatusCode::kInternal, StatusCode::kUnavailable,
        StatusCode::kDataLoss, static_cast<StatusCode>(99)}) {
    EXPECT_FALSE(IsPermanent(code)) << static_cast<int>(code);
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
