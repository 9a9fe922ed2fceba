// Runs the programs of examples/ against a cloud in the test's process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aistudio/auth/testing/fake_cloud.h"
#include "tests/auth_testing.h"
#include "tests/shell_testing.h"
#include "yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service.pb.h"
#include "yandex/cloud/ai/stt/v3/stt_service.pb.h"

#ifndef AISTUDIO_AUTH_EXAMPLES_DIR
#define AISTUDIO_AUTH_EXAMPLES_DIR "examples"  // where Bazel puts them
#endif

namespace aistudio::auth {
namespace {

namespace ai = yandex::cloud::ai::foundation_models::v1;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kTokenizeMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TokenizerService/Tokenize";
constexpr char kRecognizeMethod[] =
    "/speechkit.stt.v3.Recognizer/RecognizeStreaming";

class ExamplesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "/examples_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    key_file_ = File("key.json", cloud_->service_account_key_json());
    roots_ = File("root.pem", cloud_->root_certificates());
    target_ = cloud_->ai_studio_endpoint();
    iam_ = cloud_->iam_endpoint();
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The path of a new file.
  std::string File(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  ShellResult Run(const std::string& name, std::vector<std::string> arguments,
                  std::vector<std::string> environment = {},
                  const std::string& input_file = "/dev/null") {
    arguments.insert(arguments.begin(),
                     std::string(AISTUDIO_AUTH_EXAMPLES_DIR) + "/" + name);
    // The roots that gRPC takes where a program names none.
    environment.push_back("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=" + roots_);
    return RunInShell(arguments, environment, input_file);
  }

  void AnswerWith(const std::string& method, int times,
                  const google::protobuf::MessageLite& response) {
    testing::FakeAiStudio::MethodBehavior behavior;
    behavior.responses = times;
    behavior.response = response.SerializeAsString();
    cloud_->ai_studio().SetBehavior(method, behavior);
  }

  void AnswerWithTwoTokens() {
    ai::TokenizeResponse response;
    response.add_tokens()->set_text("Hel");
    response.add_tokens()->set_text("lo");
    AnswerWith(kTokenizeMethod, 1, response);
  }

  const std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  std::filesystem::path folder_;
  std::string key_file_;
  std::string roots_;
  std::string target_;
  std::string iam_;
};

TEST_F(ExamplesTest, TextGenerationPrintsTheStream) {
  const ShellResult result = Run(
      "text_generation_stream", {key_file_, "b1g", "Hello you", target_, iam_});
  EXPECT_EQ(result.exit_code, 0);
  // The fake model says what it heard, and more with each response.
  EXPECT_THAT(result.out, AllOf(HasSubstr("Hello\n"), EndsWith("Hello you\n")));
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(ExamplesTest, TextGenerationExplainsAFailure) {
  cloud_->iam().FailAlways({grpc::StatusCode::UNAUTHENTICATED, "no such key"});
  const ShellResult result =
      Run("text_generation_stream", {key_file_, "b1g", "Hello", target_, iam_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("no such key"));
}

TEST_F(ExamplesTest, TheApiKeyGoesOutWithTheCall) {
  AnswerWithTwoTokens();
  const ShellResult result = Run("api_key_unary", {"b1g", "Hello", target_},
                                 {"MY_API_KEY=" + cloud_->api_key()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "2 tokens\n");
  EXPECT_EQ(
      cloud_->ai_studio().calls().back().metadata.find("authorization")->second,
      "Api-Key " + cloud_->api_key());
}

TEST_F(ExamplesTest, DetectionIsShownAndChecked) {
  const ShellResult result =
      Run("detect_and_check", {},
          {"YC_API_KEY=", "YC_IAM_TOKEN=t1.any", "AISTUDIO_AUTH_METHOD="});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("1 api_key: passed over"),
                                HasSubstr("2 iam_token: chosen"),
                                HasSubstr("ready: IamTokenAuth")));
}

TEST_F(ExamplesTest, ACheckThatFailsSaysWhy) {
  cloud_->metadata().FailAlways(404);
  const ShellResult result =
      Run("detect_and_check", {},
          {"YC_METADATA_ADDR=" + cloud_->metadata().address(),
           "AISTUDIO_AUTH_METHOD=metadata"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("MetadataAuth"));
  EXPECT_THAT(result.out, Not(HasSubstr("ready:")));
}

TEST_F(ExamplesTest, TheHeaderGoesOutWithRest) {
  // Any server that shows what it got, and answers as told.
  testing::FakeMetadata& server = cloud_->metadata();
  const std::vector<std::string> environment = {
      "YC_IAM_TOKEN=t1.for-rest", "AISTUDIO_AUTH_METHOD=iam_token"};
  const std::string url = "http://" + server.address() + "/v1/models";
  server.FailNext(1, 200, absl::ZeroDuration(), "all models");
  const ShellResult good = Run("rest_header", {url}, environment);
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "all models");
  EXPECT_EQ(server.last_headers()["authorization"], "Bearer t1.for-rest");
  server.FailNext(1, 401);
  EXPECT_EQ(Run("rest_header", {url}, environment).exit_code, 1);
}

TEST_F(ExamplesTest, ALongStreamGoesOnInAnotherSession) {
  speechkit::stt::v3::StreamingResponse response;
  response.mutable_final()->add_alternatives()->set_text("la");
  AnswerWith(kRecognizeMethod, 1, response);
  // Four minutes are one session, the last second is another.
  const std::string audio = File("audio", std::string(241 * 32000, 'a'));
  const ShellResult result =
      Run("long_stream", {key_file_, target_, iam_}, {}, audio);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  // One for each second, and for the options of each session.
  EXPECT_EQ(result.out.size(), (241 + 2) * std::string("la\n").size());
}

TEST_F(ExamplesTest, ALongStreamWantsATokenThatOutlivesIt) {
  cloud_->iam().SetTokenLifetime(absl::Minutes(5));
  const std::string audio = File("audio", "a");
  const ShellResult result =
      Run("long_stream", {key_file_, target_, iam_}, {}, audio);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("aistudio-auth[ServiceAccountKeyAuth]"));
  EXPECT_EQ(cloud_->ai_studio().accepted(), 0);
}

TEST_F(ExamplesTest, ATokenSourceOfOnesOwnIsAskedForItsToken) {
  const ShellResult good =
      Run("custom_token_source", {"echo t1.from-a-program"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_THAT(good.out, EndsWith(": OK\n"));
  const ShellResult bad = Run("custom_token_source", {"/no/such/program"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out, HasSubstr("there is no such program"));
}

TEST_F(ExamplesTest, MetricsCountRefreshesAndFailures) {
  cloud_->iam().FailNext(1, {grpc::StatusCode::UNAVAILABLE, "down"});
  const ShellResult result = Run("metrics", {key_file_, iam_});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("refreshes 1, failures 1, in a row 0"));
  EXPECT_THAT(result.out, HasSubstr("events: "));
}

TEST_F(ExamplesTest, ARejectedTokenIsReplaced) {
  testing::FakeAiStudio::MethodBehavior refusal;
  refusal.responses = 0;
  refusal.status = {grpc::StatusCode::UNAUTHENTICATED, "The token is invalid"};
  cloud_->ai_studio().SetBehavior(kTokenizeMethod, refusal);
  std::atomic<bool> ended{false};
  ShellResult result;
  std::thread program([&] {
    result =
        Run("replace_rejected", {key_file_, "b1g", "Hello", target_, iam_});
    ended = true;
  });
  while (!ended && cloud_->iam().tokens_issued() < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  AnswerWithTwoTokens();
  program.join();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out,
              AllOf(StartsWith("attempt 1: 16\n"), EndsWith(": 0\n")));
  EXPECT_EQ(cloud_->iam().tokens_issued(), 2);
}

TEST_F(ExamplesTest, TheTestWithAFakeCloudPasses) {
  const ShellResult result = Run("test_with_fake_cloud", {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, Not(HasSubstr("FAILED")));
}

}  // namespace
}  // namespace aistudio::auth
