// Tests of your own code: link aistudio::auth_testing, and let it talk to a
// FakeCloud. That is a token service and an AI Studio on loopback with TLS; it
// demands a valid header, and fails on demand. Use it with any test framework;
// this is a plain program.
//
//   test_with_fake_cloud

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service.grpc.pb.h"

namespace ai = yandex::cloud::ai::foundation_models::v1;
namespace auth = aistudio::auth;

// The code under test: how many tokens are there in `text`?
int CountTokens(const std::shared_ptr<grpc::Channel>& channel,
                const std::string& text) {
  ai::TokenizeRequest request;
  request.set_text(text);
  ai::TokenizeResponse response;
  grpc::ClientContext context;
  const grpc::Status status = ai::TokenizerService::NewStub(channel)->Tokenize(
      &context, request, &response);
  return status.ok() ? response.tokens_size() : -1;
}

void Check(bool holds, const char* what) {
  std::cout << (holds ? "passed: " : "FAILED: ") << what << "\n";
  if (!holds) std::exit(1);
}

int main() {
  const auto cloud = auth::testing::FakeCloud::Start();
  Check(cloud.ok(), "the cloud starts");
  auth::testing::FakeCloud& fake = **cloud;

  ai::TokenizeResponse two_tokens;
  two_tokens.add_tokens()->set_text("Hel");
  two_tokens.add_tokens()->set_text("lo");
  auth::testing::FakeAiStudio::MethodBehavior behavior;
  behavior.response = two_tokens.SerializeAsString();
  fake.ai_studio().SetBehavior(
      "/yandex.cloud.ai.foundation_models.v1.TokenizerService/Tokenize",
      behavior);

  fake.iam().FailNext(2, {grpc::StatusCode::UNAVAILABLE, "down"});
  const auto credentials = auth::ServiceAccountKeyCredentials(
      fake.service_account_key_json(), fake.iam_options());
  Check(credentials.ok(), "the key is good");
  const auto channel = grpc::CreateChannel(
      fake.ai_studio_endpoint(), credentials->channel_credentials(fake.ssl()));
  Check(CountTokens(channel, "Hello") == 2, "a call waits while IAM is down");
  Check(fake.iam().requests() == 3, "IAM was asked until it answered");
  Check(fake.ai_studio().accepted() == 1, "the header was valid");
  return 0;
}
