// The commands that call AI Studio.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "tests/cli_testing.h"

namespace aistudio::auth::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

using CliCallTest = CliTest;

TEST_F(CliCallTest, CallSendsBytesAndKeepsResponses) {
  testing::FakeAiStudio::MethodBehavior stream;
  stream.responses = 2;
  cloud_->ai_studio().SetBehavior(kMethod, stream);
  const std::string responses = (folder_ / "responses").string();
  const Result result =
      Run({"call", "--request_file=" + File("request", "abc"),
           "--response_file=" + responses, "--json", target(), kMethod},
          metadata_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              MatchesRegex("\\{\"seq\":1,\"code\":\"OK\",\"message\":\"\","
                           "\"latency_ms\":[0-9.]+,\"responses\":2\\}\n"));
  EXPECT_EQ(ReadFile(responses), std::string("\0\0\0\3abc\0\0\0\3abc", 14));
}

TEST_F(CliCallTest, CallsAreCountedAndSummarized) {
  const Result result = Run({"call", "--count=20", "--concurrency=4",
                             "--interval=1ms", target(), kMethod},
                            metadata_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n20 calls, 0 failed; latency min "));
  EXPECT_EQ(cloud_->ai_studio().accepted(), 20);
}

TEST_F(CliCallTest, CallThatFailsIsExplainedOnce) {
  testing::FakeAiStudio::MethodBehavior denied;
  denied.responses = 0;
  denied.status = {grpc::StatusCode::PERMISSION_DENIED, "no\x1b[2J"};
  cloud_->ai_studio().SetBehavior(kMethod, denied);
  const Result result =
      Run({"call", "--count=3", target(), kMethod}, metadata_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("3 calls, 3 failed"));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("\x1b")));
  const Strings parts = absl::StrSplit(result.err, "PERMISSION_DENIED");
  EXPECT_EQ(parts.size(), 2) << result.err;
}

TEST_F(CliCallTest, CallWithoutATokenSaysWhy) {
  cloud_->iam().FailAlways({grpc::StatusCode::PERMISSION_DENIED, "no such"});
  const Result result = Run({"call", target(), kMethod}, key_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("ServiceAccountKeyAuth"));
  EXPECT_THAT(cloud_->ai_studio().calls(), IsEmpty());
}

TEST_F(CliCallTest, CallRefusedForItsTokenIsMadeOnceMore) {
  const pid_t process =
      Start({"call", "--metadata", "--count=2", "--interval=2s", roots_,
             metadata_[1], target(), kMethod});
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (cloud_->ai_studio().accepted() < 1 && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  cloud_->iam().RevokeAllTokens();
  const Result result = Wait(process);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(cloud_->ai_studio().refused(), 1);
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
}

TEST_F(CliCallTest, CallToAnotherHostIsNotMade) {
  const Result result =
      Run({"call", "--allowed_hosts=*.api.cloud.yandex.net", target(), kMethod},
          metadata_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(cloud_->ai_studio().calls(), IsEmpty());
}

constexpr char kChatMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion";

TEST_F(CliCallTest, ChatPrintsTheAnswerOnceThoughItGrows) {
  const Result result =
      Run({"chat", "--folder_id=b1gfolder", "--target=" + target(),
           "What is TLS, and why is it everywhere?"},
          metadata_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "You said: What is TLS, and why is it everywhere?\n");
  EXPECT_THAT(result.err, IsEmpty());
  const auto call = cloud_->ai_studio().calls().back();
  EXPECT_EQ(call.method, kChatMethod);
  EXPECT_EQ(call.metadata.count("x-folder-id"), 1u);
}

TEST_F(CliCallTest, ChatReadsThePromptFromStdin) {
  Strings arguments = {"chat", "--target=" + target(), "-"};
  arguments.insert(arguments.end(), metadata_.begin(), metadata_.end());
  const Result result =
      Run(arguments, {}, {"YC_FOLDER_ID=b1gfolder"}, "Hello\nthere");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "You said: Hello\nthere\n");
}

TEST_F(CliCallTest, ChatTakesAWholeModelUri) {
  Strings chat = {"chat", "--target=" + target(), "Hello"};
  chat.insert(chat.end(), metadata_.begin(), metadata_.end());
  const Result good = Run(chat, {"--model=gpt://b1gfolder/yandexgpt/rc"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  const Result bad = Run(chat, {"--model=gpt://b1gfolder"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out, IsEmpty());
  EXPECT_THAT(bad.err,
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("model_uri")));
}

TEST_F(CliCallTest, ChatThatIsDeniedNamesTheRole) {
  testing::FakeAiStudio::MethodBehavior denied;
  denied.responses = 0;
  denied.status = {grpc::StatusCode::PERMISSION_DENIED, "Permission denied"};
  cloud_->ai_studio().SetBehavior(kChatMethod, denied);
  const Result result = Run(
      {"chat", "--folder_id=b1g", "--target=" + target(), "Hello"}, metadata_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("ai.languageModels.user"));
}

TEST_F(CliCallTest, ChatSurvivesWhatIsNoAnswer) {
  cloud_->ai_studio().SetBehavior(kChatMethod, {});
  const Result result = Run(
      {"chat", "--folder_id=b1g", "--target=" + target(), "Hello"}, metadata_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no CompletionResponse"));
}

}  // namespace
}  // namespace aistudio::auth::cli
