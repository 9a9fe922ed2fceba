// What happens to calls before there is a token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using testing::FakeIam;

int CountOk(const std::vector<grpc::Status>& statuses) {
  return static_cast<int>(
      std::count_if(statuses.begin(), statuses.end(),
                    [](const grpc::Status& status) { return status.ok(); }));
}

// Credentials in a registry of the test's own.
class FirstTokenTest : public ::testing::Test {
 protected:
  Credentials KeyCredentials() {
    IamOptions options = cloud_->iam_options();
    options.refresh = refresh_;
    options.refresh.registry = registry_;
    auto credentials = ServiceAccountKeyCredentials(
        cloud_->service_account_key_json(), options);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  EventLog events_;
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({nullptr, events_.callback()});
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  RefreshOptions refresh_;
};

TEST_F(FirstTokenTest, UnaryAndStreamingCallsCarryAValidHeader) {
  const Credentials credentials = KeyCredentials();
  const auto channel = Connect(*cloud_, credentials);
  const grpc::Status unary = Call(channel);
  EXPECT_TRUE(unary.ok()) << unary.error_message();
  const grpc::Status stream = Stream(channel, 5);
  EXPECT_TRUE(stream.ok()) << stream.error_message();
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(FirstTokenTest, TheFirstFetchStartsWithoutACall) {
  const Credentials credentials = KeyCredentials();
  EXPECT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_EQ(credentials.status(), absl::OkStatus());
}

TEST_F(FirstTokenTest, AThousandConcurrentFirstCallsMakeOneIamRequest) {
  cloud_->iam().SetDelay(absl::Milliseconds(300));
  const Credentials credentials = KeyCredentials();
  const auto statuses = CallMany(Connect(*cloud_, credentials), 1000);
  EXPECT_EQ(CountOk(statuses), 1000);
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(FirstTokenTest, SixtyFourWaitingCallsSucceedWithinASecondOfALateIam) {
  cloud_->iam().Stop();
  const Credentials credentials = KeyCredentials();
  const auto channel = Connect(*cloud_, credentials);
  absl::Time restarted;
  std::thread iam([&] {
    absl::SleepFor(absl::Milliseconds(1600));
    restarted = absl::Now();
    EXPECT_EQ(cloud_->iam().Restart(), absl::OkStatus());
  });
  const auto statuses = CallMany(channel, 64);
  const absl::Time done = absl::Now();
  iam.join();
  EXPECT_EQ(CountOk(statuses), 64);
  EXPECT_LT(done - restarted, absl::Seconds(1));
}

TEST_F(FirstTokenTest, APermanentFailureEndsTheWaitWithItsReason) {
  cloud_->iam().FailAlways(
      {grpc::StatusCode::UNAUTHENTICATED, "The key was deleted"});
  const Credentials credentials = KeyCredentials();
  const absl::Time start = absl::Now();
  const grpc::Status status = Call(Connect(*cloud_, credentials));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const absl::Status reason = CredentialsError(status);
  EXPECT_EQ(reason.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(reason.message()),
              ::testing::HasSubstr("The key was deleted"));
  EXPECT_EQ(credentials.status(), reason);
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
}

TEST_F(FirstTokenTest, CallsWaitThroughTransientFailures) {
  cloud_->iam().FailNext(3, {grpc::StatusCode::UNAVAILABLE, "try later"});
  const Credentials credentials = KeyCredentials();
  const grpc::Status status = Call(Connect(*cloud_, credentials));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(cloud_->iam().requests(), 4);
}

TEST_F(FirstTokenTest, TheWaitEndsForAllAtOnceAndLaterCallsFailAtOnce) {
  refresh_.fetch_timeout = absl::Seconds(1);
  cloud_->iam().Hang(true);
  const Credentials credentials = KeyCredentials();
  const auto channel = Connect(*cloud_, credentials);
  const absl::Time start = absl::Now();
  const auto statuses = CallMany(channel, 64);
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
  EXPECT_EQ(CountOk(statuses), 0);
  EXPECT_EQ(CredentialsError(statuses[63]).code(),
            absl::StatusCode::kDeadlineExceeded);

  const absl::Time later = absl::Now();
  EXPECT_FALSE(Call(channel).ok());
  EXPECT_LT(absl::Now() - later, absl::Milliseconds(500));

  cloud_->iam().Hang(false);
  EXPECT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_TRUE(Call(channel).ok());
}

TEST_F(FirstTokenTest, ACallsOwnDeadlineCutsItsWaitShort) {
  cloud_->iam().Hang(true);
  const Credentials credentials = KeyCredentials();
  const auto channel = Connect(*cloud_, credentials);
  const absl::Time start = absl::Now();
  const grpc::Status status = Call(channel, absl::Milliseconds(300));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  cloud_->iam().Hang(false);
}

TEST_F(FirstTokenTest, WaitUntilReadyIsTheStartUpCheck) {
  cloud_->iam().Hang(true);
  const Credentials credentials = KeyCredentials();
  const absl::Status early = credentials.WaitUntilReady(absl::Milliseconds(50));
  EXPECT_EQ(early.code(), absl::StatusCode::kDeadlineExceeded) << early;
  EXPECT_THAT(std::string(early.message()),
              ::testing::HasSubstr("no token came within 50ms; it is still"));
  EXPECT_EQ(credentials.WaitUntilReady(absl::ZeroDuration()).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(credentials.AuthorizationHeader().status().code(),
            absl::StatusCode::kUnavailable);
  cloud_->iam().Hang(false);
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  const auto header = credentials.AuthorizationHeader();
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(*header, "Bearer " + cloud_->iam().last_token());
}

TEST_F(FirstTokenTest, OAuthTokensAreExchanged) {
  IamOptions options = cloud_->iam_options();
  options.refresh.registry = registry_;
  const auto credentials =
      OAuthTokenCredentials(cloud_->oauth_token() + "\n", options);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const grpc::Status status = Call(Connect(*cloud_, *credentials));
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(FirstTokenTest, AnAnswerThatIsNoGoodTokenIsNeverAHeader) {
  for (const FakeIam::Answer answer :
       {FakeIam::Answer::kNoToken, FakeIam::Answer::kIllegalBytes,
        FakeIam::Answer::kExpiryInThePast}) {
    refresh_.fetch_timeout = absl::Milliseconds(300);
    const auto before = cloud_->ai_studio().refused();
    cloud_->iam().SetAnswer(answer);
    const Credentials credentials = KeyCredentials();
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    EXPECT_EQ(CredentialsError(status).code(), absl::StatusCode::kInternal)
        << status.error_message();
    EXPECT_EQ(cloud_->ai_studio().refused(), before);
    EXPECT_EQ(cloud_->ai_studio().accepted(), 0);
  }
}

TEST_F(FirstTokenTest, AnExpiryInTheFarFutureIsBoundedByWhatIamTokensLive) {
  cloud_->iam().SetAnswer(FakeIam::Answer::kExpiryFarFuture);
  const Credentials credentials = KeyCredentials();
  ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  EXPECT_LE(credentials.stats().expires_at, absl::Now() + absl::Hours(12));
}

}  // namespace
}  // namespace aistudio::auth
