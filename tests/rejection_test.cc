// RejectionInterceptor and ExplainStatus.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;

class RejectionTest : public ::testing::Test {
 protected:
  std::shared_ptr<grpc::Channel> ConnectReporting() {
    std::vector<
        std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors;
    interceptors.push_back(RejectionInterceptor(credentials_));
    return grpc::experimental::CreateCustomChannelWithInterceptors(
        cloud_->ai_studio_endpoint(),
        credentials_.channel_credentials(cloud_->ssl()),
        grpc::ChannelArguments(), std::move(interceptors));
  }

  EventLog events_;
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  Credentials credentials_ = [this] {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry =
        ProviderRegistry::Create({nullptr, events_.callback()});
    return *ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                         options);
  }();
};

// Python SDK defect D17: a refused token is sent for an hour.
TEST_F(RejectionTest, ARevokedTokenIsReplacedAfterTheFirstRefusal) {
  ASSERT_EQ(credentials_.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  const auto channel = ConnectReporting();
  EXPECT_TRUE(Call(channel).ok());
  cloud_->iam().RevokeAllTokens();
  EXPECT_EQ(Call(channel).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_TRUE(Call(channel).ok());
  EXPECT_EQ(cloud_->iam().requests(), 2);
}

// Python SDK defect D19: nobody is told that a fixed token has expired.
TEST_F(RejectionTest, AFixedTokenThatHasExpiredIsNamedAsTheCause) {
  ASSERT_EQ(credentials_.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  cloud_->iam().RevokeAllTokens();
  const auto fixed = IamTokenCredentials(cloud_->iam().last_token());
  ASSERT_TRUE(fixed.ok()) << fixed.status();
  const grpc::Status refused = Call(Connect(*cloud_, *fixed));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(ExplainStatus(refused, kUnaryMethod),
              HasSubstr("check that it is not revoked or expired"));
}

TEST_F(RejectionTest, OtherErrorsAreNoRejection) {
  ASSERT_EQ(credentials_.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  const auto channel = ConnectReporting();
  for (const grpc::Status& status :
       {grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no role"),
        grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                     "You have to specify folder ID for user account")}) {
    testing::FakeAiStudio::MethodBehavior behavior;
    behavior.status = status;
    cloud_->ai_studio().SetBehavior(kUnaryMethod, behavior);
    EXPECT_EQ(Call(channel).error_code(), status.error_code());
  }
  EXPECT_EQ(credentials_.stats().rejections, 0);
}

TEST(ExplainStatusTest, SaysWhichRoleIsMissing) {
  const grpc::Status denied(grpc::StatusCode::PERMISSION_DENIED, "no");
  EXPECT_THAT(ExplainStatus(denied,
                            "/yandex.cloud.ai.foundation_models.v1."
                            "TextGenerationService/Completion"),
              HasSubstr("ai.languageModels.user"));
  EXPECT_THAT(ExplainStatus(denied,
                            "/yandex.cloud.ai.foundation_models.v1."
                            "image_generation.ImageGenerationAsyncService/"
                            "Generate"),
              HasSubstr("ai.imageGeneration.user"));
  EXPECT_THAT(ExplainStatus(denied, "/some.Service/Method"),
              HasSubstr("documentation"));
}

TEST(ExplainStatusTest, TellsACallThatWasNotSentFromOneThatWasRefused) {
  const grpc::Status not_sent(
      grpc::StatusCode::UNAVAILABLE,
      "Getting metadata from plugin failed with error: aistudio-auth[NoAuth]: "
      "NOT_FOUND: here: nothing; look elsewhere");
  EXPECT_EQ(ExplainStatus(not_sent, "/s/m"),
            "/s/m was not sent: NOT_FOUND: NoAuth: here: nothing; look "
            "elsewhere");
  const grpc::Status folder(grpc::StatusCode::UNAUTHENTICATED,
                            "You have to specify folder ID for user account");
  EXPECT_THAT(ExplainStatus(folder, "/s/m"), HasSubstr("WithFolderId"));
  EXPECT_EQ(ExplainStatus(grpc::Status(), "/s/m"), "");
}

}  // namespace
}  // namespace aistudio::auth
