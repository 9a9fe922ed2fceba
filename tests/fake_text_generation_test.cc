// The model of FakeCloud's AI Studio.

#include "absl/strings/match.h"
#include "aistudio_auth/text_generation.pb.h"
#include "tests/fake_cloud_testing.h"

namespace aistudio::auth::testing::fake_cloud_test {
namespace {

using aistudio_auth::wire::ChatMessage;
using aistudio_auth::wire::CompletionRequest;
using aistudio_auth::wire::CompletionResponse;
using Alternative = CompletionResponse::Alternative;

constexpr char kCompletion[] =
    "/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion";

void AddMessage(CompletionRequest& request, const std::string& role,
                const std::string& text) {
  ChatMessage& message = *request.add_messages();
  message.set_role(role);
  message.set_text(text);
}

CompletionRequest GoodRequest(const std::string& prompt) {
  CompletionRequest request;
  request.set_model_uri("gpt://b1gfolder/yandexgpt/latest");
  request.mutable_completion_options()->set_stream(true);
  AddMessage(request, "user", prompt);
  return request;
}

class FakeTextGenerationTest : public FakeCloudTest {
 protected:
  struct Answer {
    std::vector<CompletionResponse> responses;
    grpc::Status status;
  };

  Answer Ask(const std::string& bytes) {
    Stream stream(ai_studio_channel_, kCompletion, ApiKeyHeader());
    EXPECT_TRUE(stream.Write(bytes));
    stream.WritesDone();
    Answer answer;
    for (std::string part = stream.Read(); part != "<end>";
         part = stream.Read()) {
      CompletionResponse response;
      EXPECT_TRUE(response.ParseFromString(part));
      EXPECT_EQ(response.alternatives_size(), 1);
      answer.responses.push_back(response);
    }
    answer.status = stream.Finish();
    return answer;
  }

  Answer Ask(const CompletionRequest& request) {
    return Ask(request.SerializeAsString());
  }

  void ExpectInvalid(const CompletionRequest& request,
                     const std::string& fault) {
    const Answer answer = Ask(request);
    EXPECT_TRUE(answer.responses.empty());
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(absl::StrContains(answer.status.error_message(), fault))
        << answer.status.error_message();
  }
};

TEST_F(FakeTextGenerationTest, AStreamGrowsToItsFinalStatusAndUsage) {
  CompletionRequest request =
      GoodRequest("Name the first letters of the Greek alphabet, please");
  request.mutable_messages(0)->set_role("system");
  AddMessage(request, "user", "alpha beta gamma delta epsilon");
  const Answer answer = Ask(request);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_GT(answer.responses.size(), 2u);
  std::string before;
  for (const CompletionResponse& response : answer.responses) {
    const bool is_last = &response == &answer.responses.back();
    const Alternative& alternative = response.alternatives(0);
    EXPECT_EQ(alternative.status(),
              is_last ? Alternative::FINAL : Alternative::PARTIAL);
    EXPECT_EQ(alternative.message().role(), "assistant");
    const std::string& text = alternative.message().text();
    EXPECT_TRUE(absl::StartsWith(text, before)) << text;
    EXPECT_GT(text.size(), before.size());
    before = text;
  }
  EXPECT_EQ(before, "You said: alpha beta gamma delta epsilon");
  const auto& usage = answer.responses.back().usage();
  EXPECT_EQ(usage.input_text_tokens(), 9 + 5);
  EXPECT_EQ(usage.completion_tokens(), 7);
  EXPECT_EQ(usage.total_tokens(), 9 + 5 + 7);
  EXPECT_FALSE(answer.responses.back().model_version().empty());
}

TEST_F(FakeTextGenerationTest, WithoutStreamThereIsOneResponse) {
  CompletionRequest request = GoodRequest("one two three four five");
  request.mutable_completion_options()->set_stream(false);
  const Answer answer = Ask(request);
  EXPECT_TRUE(answer.status.ok());
  ASSERT_EQ(answer.responses.size(), 1u);
  const Alternative& alternative = answer.responses[0].alternatives(0);
  EXPECT_EQ(alternative.status(), Alternative::FINAL);
  EXPECT_EQ(alternative.message().text(), "You said: one two three four five");
}

TEST_F(FakeTextGenerationTest, MaxTokensTruncate) {
  CompletionRequest request = GoodRequest("one two three");
  request.mutable_completion_options()->mutable_max_tokens()->set_value(3);
  const Answer answer = Ask(request);
  ASSERT_FALSE(answer.responses.empty());
  const Alternative& alternative = answer.responses.back().alternatives(0);
  EXPECT_EQ(alternative.status(), Alternative::TRUNCATED_FINAL);
  EXPECT_EQ(alternative.message().text(), "You said: one");
}

TEST_F(FakeTextGenerationTest, BadRequestsAreInvalidArguments) {
  CompletionRequest request = GoodRequest("hello");
  request.clear_model_uri();
  ExpectInvalid(request, "model_uri");
  for (const char* uri : {"yandexgpt", "gpt://", "gpt:///yandexgpt",
                          "gpt://b1gfolder/", "b1gfolder/yandexgpt/a/b"}) {
    request.set_model_uri(uri);
    ExpectInvalid(request, "model_uri");
  }
  request = GoodRequest("hello");
  request.clear_messages();
  ExpectInvalid(request, "messages");
  ExpectInvalid(GoodRequest(""), "messages.text");
  request = GoodRequest("hello");
  request.mutable_completion_options()->mutable_max_tokens()->set_value(0);
  ExpectInvalid(request, "max_tokens");
}

TEST_F(FakeTextGenerationTest, WhatIsNoRequestIsAnError) {
  EXPECT_EQ(Ask("\xff\xff").status.error_code(), grpc::StatusCode::INTERNAL);
  Stream stream(ai_studio_channel_, kCompletion, ApiKeyHeader());
  stream.WritesDone();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(FakeTextGenerationTest, NobodyIsAnsweredWithoutAHeader) {
  Stream stream(ai_studio_channel_, kCompletion, "Bearer t1.unknown");
  stream.Write(GoodRequest("hello").SerializeAsString());
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(FakeTextGenerationTest, ABehaviorTakesTheModelsPlace) {
  cloud_->ai_studio().SetBehavior(kCompletion, {});
  Stream stream(ai_studio_channel_, kCompletion, ApiKeyHeader());
  EXPECT_TRUE(stream.Write("hello"));
  EXPECT_EQ(stream.Read(), "hello");
}

}  // namespace
}  // namespace aistudio::auth::testing::fake_cloud_test
