// No secret in any text of the methods that ask a machine, a program, a file or
// the environment, nor of those that choose among all.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "tests/leak_fixture.h"

namespace aistudio::auth {
namespace {

using testing::FakeHttpService;
using testing::ScopedEnv;

class MethodLeakTest : public SecretLeakTest {
 protected:
  MethodLeakTest() {
    std::string folder = ::testing::TempDir() + "/leak_test_XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.fetch_timeout = absl::Seconds(20);
  }
  ~MethodLeakTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  MetadataServiceOptions Metadata() {
    MetadataServiceOptions options = cloud_->metadata().options();
    options.refresh = options_;
    return options;
  }
  CliOptions Yc() {
    CliOptions options = cloud_->yc().options();
    // It counts in place of fetch_timeout.
    options.timeout = std::max(options_.fetch_timeout, absl::Seconds(1));
    options.refresh = options_;
    return options;
  }
  WorkloadIdentityOptions Identity(const std::string& subject_token) {
    WorkloadIdentityOptions options = cloud_->token_exchange().options(
        File("subject", subject_token),
        File("root.pem", cloud_->root_certificates()));
    options.refresh = options_;
    return options;
  }
  FileOptions Files() {
    FileOptions options;
    options.refresh = options_;
    return options;
  }

  // Whatever a factory says, good or bad, and the call that follows.
  bool Works(const std::string& name,
             const absl::StatusOr<Credentials>& credentials) {
    detector_->AddStatus(name + " factory", credentials.status());
    return credentials.ok() && Use(name, *credentials).ok();
  }

  // Failures need not wait for a fetch that cannot succeed.
  void GiveUpSoon() { options_.fetch_timeout = absl::Milliseconds(300); }

  std::filesystem::path folder_;
};

TEST_F(MethodLeakTest, GoodCalls) {
  EXPECT_TRUE(Works("metadata", MetadataServiceCredentials(Metadata())));
  EXPECT_TRUE(Works("yc", YandexCloudCliCredentials(Yc())));
  EXPECT_TRUE(Works("identity",
                    WorkloadIdentityCredentials(
                        Identity(cloud_->token_exchange().subject_token()))));
  EXPECT_TRUE(Works("file", TokenFileCredentials(
                                File("token", cloud_->yc().token()), Files())));
  cloud_->iam().AllowImpersonation("ajeimpersonated");
  EXPECT_TRUE(Works("impersonated", ImpersonatedCredentials(
                                        Key(), "ajeimpersonated", Options())));
  cloud_->ai_studio().AllowAnonymous(true);
  EXPECT_TRUE(Works("none", NoCredentials()));
}

TEST_F(MethodLeakTest, MetadataAnswersThatAreNoGood) {
  GiveUpSoon();
  using Answer = FakeHttpService::Answer;
  for (const Answer answer :
       {Answer::kExpiryInThePast, Answer::kTokenNoText, Answer::kIllegalBytes,
        Answer::kList, Answer::kTruncatedJson, Answer::kCutOff}) {
    cloud_->metadata().SetAnswer(answer);
    cloud_->token_exchange().SetAnswer(answer);
    Works("metadata", MetadataServiceCredentials(Metadata()));
    Works("identity", WorkloadIdentityCredentials(
                          Identity(cloud_->token_exchange().subject_token())));
  }
  cloud_->metadata().SetAnswer(Answer::kGood);
  const std::string token = kSourceToken;
  cloud_->metadata().FailAlways(500, absl::ZeroDuration(),
                                "{\"access_token\":\"" + token + "\"}");
  EXPECT_FALSE(Works("metadata", MetadataServiceCredentials(Metadata())));
}

TEST_F(MethodLeakTest, ATokenExchangeThatQuotesTheSubjectToken) {
  GiveUpSoon();
  const std::string subject = cloud_->token_exchange().subject_token();
  cloud_->token_exchange().QuoteSubjectToken(true);
  cloud_->token_exchange().RemoveSubjectToken(subject);
  for (const std::string& text : {subject, subject + " " + subject}) {
    EXPECT_FALSE(
        Works("identity", WorkloadIdentityCredentials(Identity(text))));
  }
}

TEST_F(MethodLeakTest, FilesAndBasesThatAreNoGood) {
  GiveUpSoon();
  const std::string token = cloud_->yc().token();
  for (const std::string& text :
       {token + " " + token, token + "\n" + token, "Bearer " + token}) {
    EXPECT_FALSE(
        Works("file", TokenFileCredentials(File("bad", text), Files())));
  }
  EXPECT_FALSE(Works("file", TokenFileCredentials(token, Files())));
  // Nobody may be impersonated.
  EXPECT_FALSE(Works("impersonated",
                     ImpersonatedCredentials(Key(), "ajeother", Options())));
  EXPECT_FALSE(
      Works("api key as base",
            ImpersonatedCredentials(*ApiKeyCredentials(cloud_->api_key()),
                                    "ajeother", Options())));
  EXPECT_FALSE(
      Works("secret as account",
            ImpersonatedCredentials(Key(), cloud_->oauth_token(), Options())));
}

TEST_F(MethodLeakTest, DetectionAndStrings) {
  GiveUpSoon();
  const std::string token = cloud_->yc().token();
  std::vector<std::pair<const char*, std::string>> variables = {
      {"YC_API_KEY", cloud_->api_key()},
      {"YC_IAM_TOKEN", token},
      {"YC_OAUTH_TOKEN", cloud_->oauth_token()},
      {"YC_SERVICE_ACCOUNT_KEY_FILE", File("key.json", key_)},
      {"YC_TOKEN", token},
  };
  DefaultOptions options;
  options.iam = Options();
  options.metadata = Metadata();
  options.cli = Yc();
  options.on_step = [this](const DetectionStep& step) {
    detector_->AddText("step " + step.name,
                       step.looks_at + step.reason + step.warning);
  };
  cloud_->metadata().Stop();
  for (const auto& [name, value] : variables) {
    const ScopedEnv unset_key("YC_API_KEY", std::nullopt);
    const ScopedEnv variable(name, value);
    options_.fetch_timeout = absl::Seconds(20);
    options.iam = Options();
    EXPECT_TRUE(Works(name, DefaultCredentials(options)));
    GiveUpSoon();
    options.iam = Options();
    for (const std::string& bad : {value + "\n" + value, "Bearer " + token,
                                   token + " " + token, "{" + key_}) {
      const ScopedEnv wrong(name, bad);
      EXPECT_FALSE(Works(name, DefaultCredentials(options)));
    }
  }
  for (const std::string& text :
       {cloud_->api_key(), token, cloud_->oauth_token(), key_, "{" + key_,
        "Bearer " + token, token + "\n" + token, pem_,
        cloud_->token_exchange().subject_token(), "Cookie: " + token}) {
    Works("string", CredentialsFromString(text, Options()));
  }
}

}  // namespace
}  // namespace aistudio::auth
