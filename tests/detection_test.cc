// DefaultCredentials: the walk over the environment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aistudio/auth/testing/scoped_env.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ScopedEnv;

// A file with a text, for as long as this lives.
class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    const int file = mkstemp(name_);
    EXPECT_GE(file, 0);
    close(file);
    std::ofstream(name_) << text;
  }
  ~TextFile() { std::remove(name_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  std::string path() const { return name_; }

 private:
  char name_[32] = "/tmp/detection_test.XXXXXX";
};

class DetectionTest : public ::testing::Test {
 protected:
  DetectionTest() {
    for (const char* name :
         {"YC_API_KEY", "YC_IAM_TOKEN", "YC_SERVICE_ACCOUNT_KEY_FILE",
          "YC_OAUTH_TOKEN", "YC_WORKLOAD_IDENTITY_TOKEN_FILE",
          "YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID", "YC_METADATA_ADDR",
          "YC_TOKEN", "YC_PROFILE", "AISTUDIO_AUTH_METHOD"}) {
      Set(name, std::nullopt);
    }
    options_.iam = cloud_->iam_options();
    options_.iam.refresh.registry = ProviderRegistry::Create();
    options_.cli = cloud_->yc().options();
    // Nobody listens there, and the kernel says so at once.
    options_.metadata.address = "127.0.0.1:1";
    options_.probe_timeout = absl::Milliseconds(50);
    options_.on_step = [this](const DetectionStep& step) {
      steps_.push_back(step);
    };
  }

  // A variable that was set twice must be restored in the opposite order.
  ~DetectionTest() override {
    while (!variables_.empty()) variables_.pop_back();
  }

  void Set(const char* name, std::optional<std::string> value) {
    variables_.push_back(std::make_unique<ScopedEnv>(name, std::move(value)));
  }

  // The method that is found, or the error.
  std::string Detect() {
    steps_.clear();
    const auto credentials = DefaultCredentials(options_);
    return credentials.ok() ? credentials->stats().method
                            : credentials.status().ToString();
  }

  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  DefaultOptions options_;
  std::vector<DetectionStep> steps_;
  std::vector<std::unique_ptr<ScopedEnv>> variables_;
};

TEST_F(DetectionTest, WalksEverySubsetOfTheVariablesInTheDocumentedOrder) {
  const TextFile key(cloud_->service_account_key_json());
  const TextFile subject("subject-token");
  struct Step {
    const char* method;
    std::vector<std::pair<const char*, std::string>> variables;
  };
  const std::vector<Step> table = {
      {"ApiKeyAuth", {{"YC_API_KEY", cloud_->api_key()}}},
      {"IamTokenAuth", {{"YC_IAM_TOKEN", "t1.token"}}},
      {"ServiceAccountKeyAuth", {{"YC_SERVICE_ACCOUNT_KEY_FILE", key.path()}}},
      {"OAuthTokenAuth", {{"YC_OAUTH_TOKEN", cloud_->oauth_token()}}},
      {"WorkloadIdentityAuth",
       {{"YC_WORKLOAD_IDENTITY_TOKEN_FILE", subject.path()},
        {"YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID", "ajeaccount"}}},
      {"MetadataAuth", {}},
      {"EnvIamTokenAuth", {{"YC_TOKEN", "t1.variable"}}},
  };
  for (unsigned subset = 0; subset < 1u << table.size(); ++subset) {
    std::string expected = "NOT_FOUND";
    options_.metadata.address = "127.0.0.1:1";
    options_.probe_timeout = absl::Milliseconds(1);
    for (std::size_t i = table.size(); i-- > 0;) {
      const bool chosen = (subset >> i & 1) != 0;
      if (chosen) expected = table[i].method;
      if (i == 5 && chosen) {
        options_.metadata.address = cloud_->metadata().address();
        options_.probe_timeout = absl::Seconds(1);
      }
      for (const auto& [name, value] : table[i].variables) {
        Set(name, chosen ? std::optional<std::string>(value) : std::nullopt);
      }
    }
    EXPECT_THAT(Detect(), ::testing::StartsWith(expected))
        << "for subset " << subset;
  }
}

// Python SDK defect D16: nobody learns what was tried.
TEST_F(DetectionTest, NothingFoundListsEveryStepAndWhy) {
  EXPECT_THAT(Detect(),
              AllOf(HasSubstr("1 YC_API_KEY: not set"),
                    HasSubstr("2 YC_IAM_TOKEN: not set"),
                    HasSubstr("3 YC_SERVICE_ACCOUNT_KEY_FILE: not set"),
                    HasSubstr("4 YC_OAUTH_TOKEN: not set"),
                    HasSubstr("5 YC_WORKLOAD_IDENTITY_TOKEN_FILE"),
                    HasSubstr("6 the metadata service"),
                    HasSubstr("7 YC_TOKEN: not set"), HasSubstr("8 the yc")));
  EXPECT_EQ(steps_.size(), 8u);
}

TEST_F(DetectionTest, AnEmptyVariableCountsAsNotSet) {
  Set("YC_API_KEY", "");
  Set("YC_IAM_TOKEN", "t1.token");
  EXPECT_EQ(Detect(), "IamTokenAuth");
}

TEST_F(DetectionTest, AStepThatIsBrokenEndsTheWalkWithItsOwnError) {
  Set("YC_IAM_TOKEN", "  ");
  Set("YC_TOKEN", "t1.variable");
  EXPECT_THAT(Detect(), HasSubstr("IamTokenAuth: iam_token"));
  Set("YC_IAM_TOKEN", std::nullopt);
  Set("YC_SERVICE_ACCOUNT_KEY_FILE", "/nowhere/key.json");
  EXPECT_THAT(Detect(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("/nowhere")));
  Set("YC_SERVICE_ACCOUNT_KEY_FILE", std::nullopt);
  Set("YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID", "ajeaccount");
  EXPECT_THAT(Detect(), HasSubstr("subject_token_path"));
}

// Python SDK defect D16: no step can be chosen or left out.
TEST_F(DetectionTest, AMethodCanBePinned) {
  Set("YC_API_KEY", cloud_->api_key());
  Set("YC_TOKEN", "t1.variable");
  Set("AISTUDIO_AUTH_METHOD", "env_iam_token");
  EXPECT_EQ(Detect(), "EnvIamTokenAuth");
  EXPECT_EQ(steps_.size(), 1u);
  Set("AISTUDIO_AUTH_METHOD", " API_KEY ");
  EXPECT_EQ(Detect(), "ApiKeyAuth");
  Set("AISTUDIO_AUTH_METHOD", "none");
  EXPECT_EQ(Detect(), "NoAuth");
  Set("AISTUDIO_AUTH_METHOD", "yc");
  EXPECT_EQ(Detect(), "YandexCloudCliAuth");
  Set("AISTUDIO_AUTH_METHOD", "metadata");
  EXPECT_EQ(Detect(), "MetadataAuth");
  Set("AISTUDIO_AUTH_METHOD", "oauth_token");
  EXPECT_THAT(Detect(), AllOf(HasSubstr("NOT_FOUND"), HasSubstr("not set")));
  Set("AISTUDIO_AUTH_METHOD", "magic");
  EXPECT_THAT(Detect(),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("metadata")));
}

// Python SDK defect D23: the warning does not say when it ends.
TEST_F(DetectionTest, OnlyAnOAuthTokenThatIsUsedIsWarnedAbout) {
  EXPECT_THAT(Detect(), HasSubstr("NOT_FOUND"));
  for (const DetectionStep& step : steps_) EXPECT_EQ(step.warning, "");
  Set("YC_OAUTH_TOKEN", cloud_->oauth_token());
  EXPECT_EQ(Detect(), "OAuthTokenAuth");
  EXPECT_THAT(steps_.back().warning, HasSubstr("2026"));
}

TEST_F(DetectionTest, AMetadataServiceThatSaysNothingDelaysAtMostASecond) {
  cloud_->metadata().Hang(true);
  options_.metadata.address = cloud_->metadata().address();
  options_.probe_timeout = absl::Seconds(20);
  const absl::Time start = absl::Now();
  EXPECT_THAT(Detect(), HasSubstr("NOT_FOUND"));
  // Not the 20 s; more than 1 s, as the machine may be busy.
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  cloud_->metadata().Hang(false);
}

// Python SDK defect D14: everybody waits for one that detects.
TEST_F(DetectionTest, ThoseWhoDetectAtTheSameTimeDoNotWaitForEachOther) {
  cloud_->metadata().Hang(true);
  options_.metadata.address = cloud_->metadata().address();
  options_.probe_timeout = absl::Seconds(1);
  options_.on_step = nullptr;
  const absl::Time start = absl::Now();
  std::vector<std::thread> threads;
  for (int i = 0; i < 30; ++i) {
    threads.emplace_back(
        [this] { EXPECT_FALSE(DefaultCredentials(options_).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  // One after the other they would take 30 s.
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  cloud_->metadata().Hang(false);
}

// Python SDK defect D15: after 0.1 s a slow metadata service is passed over.
TEST_F(DetectionTest, ASlowMetadataServiceThatIsNamedIsFound) {
  Set("YC_METADATA_ADDR", cloud_->metadata().address());
  options_.metadata.address.clear();
  options_.probe_timeout = DefaultOptions().probe_timeout;
  // More than once: the machine may be too busy to answer within the second.
  std::string found;
  for (int i = 0; i < 10 && found != "MetadataAuth"; ++i) {
    cloud_->metadata().Hang(true);
    std::thread answer([this] {
      absl::SleepFor(absl::Milliseconds(250));
      cloud_->metadata().Hang(false);
    });
    found = Detect();
    answer.join();
  }
  EXPECT_EQ(found, "MetadataAuth");
}

TEST_F(DetectionTest, AFailedProbeIsNotForEver) {
  cloud_->metadata().AttachServiceAccount(false);
  options_.metadata.address = cloud_->metadata().address();
  options_.probe_timeout = absl::Seconds(1);
  EXPECT_THAT(Detect(), HasSubstr("NOT_FOUND"));
  cloud_->metadata().AttachServiceAccount(true);
  EXPECT_EQ(Detect(), "MetadataAuth");
}

TEST_F(DetectionTest, WhatIsFoundWorks) {
  Set("YC_API_KEY", cloud_->api_key() + "\n");
  const auto credentials = DefaultCredentials(options_);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_TRUE(Call(Connect(*cloud_, *credentials)).ok());
}

}  // namespace
}  // namespace aistudio::auth
