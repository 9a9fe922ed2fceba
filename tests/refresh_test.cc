// What happens to calls once there is a token: refreshes, outages, clocks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "aistudio/auth/testing/manual_clock.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using testing::FakeIam;
using testing::ManualClock;

const grpc::Status kDown(grpc::StatusCode::UNAVAILABLE, "down for a while");

// A cloud and a registry that live by the same manual clock.
class RefreshTest : public ::testing::Test {
 protected:
  RefreshTest() {
    EXPECT_EQ(credentials_.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
    EXPECT_TRUE(events_.WaitForSuccesses(1));
  }

  Credentials Make() {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    options.refresh.fetch_timeout = absl::Seconds(10);
    return *ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                         options);
  }

  // Time passes in steps, each followed by the refreshes it brings about.
  void PassTime(absl::Duration total, absl::Duration step) {
    for (absl::Duration passed; passed < total; passed += step) {
      clock_->Advance(step);
      Settle();
    }
  }

  // Waits until nothing is being fetched.
  void Settle() {
    // The next attempt is "now" as long as one runs or is due.
    while (credentials_.stats().next_attempt <= clock_->Now()) {
      std::this_thread::yield();
    }
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  EventLog events_;
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({clock_, events_.callback()});
  std::unique_ptr<testing::FakeCloud> cloud_ = [this] {
    testing::FakeCloud::Options options;
    options.clock = clock_;
    return StartCloud(options);
  }();
  Credentials credentials_ = Make();
  std::shared_ptr<grpc::Channel> channel_ = Connect(*cloud_, credentials_);
};

TEST_F(RefreshTest, TokensAreReplacedWithoutACallAsking) {
  PassTime(absl::Hours(6), absl::Minutes(10));
  EXPECT_GE(cloud_->iam().requests(), 6);
  EXPECT_LE(cloud_->iam().requests(), 8);
  EXPECT_TRUE(Call(channel_).ok());
}

TEST_F(RefreshTest, NobodyWaitsForARefreshWhileTheOldTokenLives) {
  cloud_->iam().Hang(true);
  clock_->Advance(absl::Minutes(61));
  const absl::Time start = absl::Now();
  EXPECT_TRUE(Call(channel_).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  cloud_->iam().Hang(false);
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_EQ(credentials_.AuthorizationHeader().value(),
            "Bearer " + cloud_->iam().last_token());
}

// Python SDK defect D5: a refresh that fails fails calls, though
// the old token lives.
TEST_F(RefreshTest, AnOutageShorterThanTheTokenLivesIsNotNoticed) {
  cloud_->iam().FailAlways(kDown);
  PassTime(absl::Hours(11), absl::Minutes(10));
  EXPECT_TRUE(Call(channel_).ok());
  const CredentialsStats stats = credentials_.stats();
  EXPECT_GT(stats.failures, 10);
  EXPECT_EQ(stats.last_error.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(credentials_.status(), absl::OkStatus());
}

TEST_F(RefreshTest, ALongOutageFailsCallsWithTheReasonAndHeals) {
  cloud_->iam().FailAlways(kDown);
  PassTime(absl::Hours(13), absl::Minutes(5));
  const grpc::Status status = Call(channel_);
  EXPECT_EQ(CredentialsError(status).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("down for a while"));
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);

  cloud_->iam().FailAlways(grpc::Status());
  clock_->Advance(absl::Seconds(15));
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_TRUE(Call(channel_).ok());
}

TEST_F(RefreshTest, APermanentErrorIsNotTheEnd) {
  cloud_->iam().FailAlways({grpc::StatusCode::UNAUTHENTICATED, "no such key"});
  PassTime(absl::Hours(13), absl::Minutes(10));
  EXPECT_EQ(CredentialsError(Call(channel_)).code(),
            absl::StatusCode::kUnauthenticated);
  cloud_->iam().FailAlways(grpc::Status());
  clock_->Advance(absl::Minutes(1));
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_TRUE(Call(channel_).ok());
}

TEST_F(RefreshTest, ASuspendedMachineSendsNoDeadToken) {
  // The uptime stands still as well: the worst that a suspend can do.
  clock_->SetWallClock(clock_->Now() + absl::Hours(20));
  const grpc::Status status = Call(channel_);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
  EXPECT_EQ(cloud_->iam().requests(), 2);
}

// Python SDK defect D6: a clock that is set stops refreshes.
TEST_F(RefreshTest, AClockSetBackOrForwardCausesNoStormAndNoDeadToken) {
  for (const int hours : {-30, 3, -3, 30, -1, 1}) {
    clock_->SetWallClock(clock_->Now() + absl::Hours(hours));
    EXPECT_TRUE(Call(channel_).ok());
    Settle();
    PassTime(absl::Minutes(30), absl::Minutes(1));
  }
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
  EXPECT_LE(cloud_->iam().requests(), 14);
}

TEST_F(RefreshTest, ARejectedHeaderIsRefreshedOnce) {
  const std::string old_header = credentials_.AuthorizationHeader().value();
  cloud_->iam().RevokeAllTokens();
  EXPECT_EQ(Call(channel_).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  for (int i = 0; i < 100; ++i) credentials_.ReportRejected(old_header);
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_TRUE(Call(channel_).ok());

  // About an older token, or one that is not ours.
  credentials_.ReportRejected(old_header);
  credentials_.ReportRejected("Bearer of news");
  credentials_.ReportRejected("");
  Settle();
  EXPECT_EQ(cloud_->iam().requests(), 2);
  EXPECT_EQ(credentials_.stats().rejections, 1);
}

TEST_F(RefreshTest, RejectionsInARowAreRateLimited) {
  for (int i = 0; i < 5; ++i) {
    credentials_.ReportRejected(credentials_.AuthorizationHeader().value());
    Settle();
  }
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_EQ(cloud_->iam().requests(), 2);
  clock_->Advance(absl::Seconds(10));
  EXPECT_TRUE(events_.WaitForSuccesses(3));
}

TEST_F(RefreshTest, TheSameTokenHandedOutAgainIsNoReasonToSpin) {
  cloud_->iam().SetAnswer(FakeIam::Answer::kSameTokenAgain);
  PassTime(absl::Hours(12), absl::Minutes(5));
  EXPECT_LE(cloud_->iam().requests(), 30);
  EXPECT_TRUE(Call(channel_).ok());
}

// Python SDK defect D18: the exchange has no deadline of its own.
TEST_F(RefreshTest, AnIamThatHangsIsAskedAgainAfterTheTimeout) {
  cloud_->iam().Hang(true);
  clock_->Advance(absl::Hours(1));
  while (cloud_->iam().requests() < 2) std::this_thread::yield();
  // The token lives on; the fetch is given up after its ten seconds.
  clock_->Advance(absl::Seconds(10));
  EXPECT_TRUE(events_.WaitForFailures(1));
  EXPECT_TRUE(Call(channel_).ok());
  cloud_->iam().Hang(false);
  clock_->Advance(absl::Minutes(5));
  EXPECT_TRUE(events_.WaitForSuccesses(2));
}

TEST_F(RefreshTest, LongStreamsGetATokenThatLivesLongEnough) {
  const Credentials patient = credentials_.WithMinRemaining(absl::Hours(11.5));
  PassTime(absl::Hours(3), absl::Minutes(10));
  const std::int64_t requests = cloud_->iam().requests();
  EXPECT_GE(requests, 5);
  const grpc::Status status = Call(Connect(*cloud_, patient));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(cloud_->iam().requests(), requests);
}

TEST_F(RefreshTest, AnUnreachableMinimumSaysSo) {
  const Credentials greedy = credentials_.WithMinRemaining(absl::Hours(24));
  const absl::Status reason = CredentialsError(Call(Connect(*cloud_, greedy)));
  EXPECT_EQ(reason.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(reason.message()), ::testing::HasSubstr("12h"));
  Settle();
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

// Python SDK defect D24: nobody sees refreshes or the expiry.
TEST_F(RefreshTest, StatisticsTellWhatHappened) {
  const CredentialsStats stats = credentials_.stats();
  EXPECT_EQ(stats.method, "ServiceAccountKeyAuth");
  EXPECT_TRUE(stats.has_token);
  EXPECT_EQ(stats.refreshes, 1);
  EXPECT_EQ(stats.generation, 1);
  EXPECT_EQ(stats.expires_at, clock_->Now() + absl::Hours(12));
  EXPECT_GT(stats.next_attempt, clock_->Now() + absl::Minutes(50));
  EXPECT_LE(stats.next_attempt, clock_->Now() + absl::Hours(1));
}

}  // namespace
}  // namespace aistudio::auth
