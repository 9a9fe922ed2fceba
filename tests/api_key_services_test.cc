// An API key does not go to services that take IAM tokens only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "grpcpp/generic/generic_stub.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ApiKeyServicesTest : public ::testing::Test {
 protected:
  grpc::Status CallMethod(const Credentials& credentials,
                          const std::string& method) {
    grpc::GenericStub stub(Connect(*cloud_, credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(30));
    grpc::CompletionQueue queue;
    const grpc::Slice slice("hello");
    const grpc::ByteBuffer request(&slice, 1);
    auto rpc = stub.PrepareUnaryCall(&context, method, request, &queue);
    rpc->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    rpc->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  const Credentials key_ = *ApiKeyCredentials(cloud_->api_key());
};

TEST_F(ApiKeyServicesTest, ServicesOfIamTokensAreRefusedBeforeAnythingIsSent) {
  for (const std::string service :
       {"yandex.cloud.iam.v1.IamTokenService",
        "yandex.cloud.iam.v1.workload.oidc.FederationService",
        "yandex.cloud.serverless.mcpgateway.v1.McpGatewayService"}) {
    const grpc::Status status = CallMethod(key_, "/" + service + "/Create");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(CredentialsError(status),
              absl::FailedPreconditionError(
                  "ApiKeyAuth: " + service +
                  ": takes IAM tokens only, so the API key was not sent; use "
                  "credentials that have one, such as "
                  "ServiceAccountKeyFileCredentials"));
  }
  EXPECT_THAT(cloud_->ai_studio().calls(), IsEmpty());
}

TEST_F(ApiKeyServicesTest, AllOtherServicesGetTheKey) {
  for (const std::string service :
       {"yandex.cloud.ai.foundation_models.v1.TokenizerService",
        "speechkit.stt.v3.Recognizer", "yandex.cloud.operation.Operation",
        "yandex.cloud.iamlike.v1.Service", "my.yandex.cloud.iam.v1.Service"}) {
    const grpc::Status status = CallMethod(key_, "/" + service + "/Get");
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(cloud_->ai_studio().accepted(), 5);
}

TEST_F(ApiKeyServicesTest, RestrictedAndChangedHandlesRefuseAsWell) {
  const std::string method = "/yandex.cloud.iam.v1.KeyService/List";
  for (const Credentials& credentials :
       {key_.WithFolderId("b1g"),
        key_.WithAllowedHosts({cloud_->ai_studio_endpoint()})}) {
    EXPECT_EQ(CredentialsError(CallMethod(credentials, method)).code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(CallMethod(credentials, kUnaryMethod).ok());
  }
  EXPECT_THAT(cloud_->ai_studio().calls(), SizeIs(2));
}

TEST_F(ApiKeyServicesTest, IamTokensGoThere) {
  const auto credentials =
      OAuthTokenCredentials(cloud_->oauth_token(), cloud_->iam_options());
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const grpc::Status status =
      CallMethod(*credentials, "/yandex.cloud.iam.v1.KeyService/List");
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace aistudio::auth
