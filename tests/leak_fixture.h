// What the tests that look for secrets in texts have in common.

#ifndef AISTUDIO_AUTH_TESTS_LEAK_FIXTURE_H_
#define AISTUDIO_AUTH_TESTS_LEAK_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "aistudio/auth/credentials.h"
#include "tests/auth_testing.h"
#include "tests/function_source.h"
#include "tests/leak_testing.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {

inline constexpr char kVariable[] = "AISTUDIO_AUTH_LEAK_TEST";
inline constexpr char kExpectLogs[] = "AISTUDIO_AUTH_LEAK_TEST_EXPECTS_LOGS";
inline constexpr char kSourceToken[] =
    "t1.zQ7Kp2Vx9Lm4Tn8RsW3bYd6HfG1JcX5ZaE0uIoP";

class SecretLeakTest : public ::testing::Test {
 protected:
  SecretLeakTest() {
    key_ = cloud_->service_account_key_json();
    const std::string text = absl::StrReplaceAll(key_, {{"\\n", "\n"}});
    pem_ = text.substr(text.find("-----BEGIN PRIVATE KEY-----"));
    pem_.resize(pem_.find("-----END PRIVATE KEY-----") + 26);
    for (const std::string& secret :
         {cloud_->oauth_token(), cloud_->api_key(), PemBody(pem_),
          std::string(kSourceToken), cloud_->yc().token(),
          cloud_->token_exchange().subject_token()}) {
      detector_->AddSecret(secret);
    }
    options_.registry = ProviderRegistry::Create(
        {nullptr, [detector = detector_,
                   log = log_.callback()](const RefreshEvent& event) {
           detector->AddEvent(event);
           log(event);
         }});
    options_.initial_backoff = absl::Milliseconds(20);
    capture_.emplace();
  }

  void TearDown() override {
    for (const CredentialsStats& stats : options_.registry->Snapshot()) {
      detector_->AddStats("Snapshot", stats);
    }
    for (const auto& call : cloud_->ai_studio().calls()) {
      const auto header = call.metadata.find("authorization");
      if (header == call.metadata.end()) continue;
      detector_->AddSecret(header->second.substr(header->second.find(' ') + 1));
    }
    for (const std::string& token :
         {cloud_->iam().last_token(), cloud_->metadata().last_token(),
          cloud_->token_exchange().last_token(), cloud_->yc().token()}) {
      detector_->AddSecret(token);
    }
    cloud_.reset();  // it logs, too
    const std::string output = capture_->Stop();
    // Traces hold zero bytes.
    if (HasFailure()) std::fwrite(output.data(), 1, output.size(), stderr);
    if (std::getenv(kExpectLogs) != nullptr) {
      EXPECT_THAT(output, ::testing::Not(::testing::IsEmpty()));
    }
    detector_->AddText("stdout and stderr", output);
    EXPECT_THAT(detector_->FindLeaks(), ::testing::IsEmpty());
  }

  IamOptions Options() {
    IamOptions options = cloud_->iam_options();
    options.refresh = options_;
    return options;
  }

  Credentials Key() { return *ServiceAccountKeyCredentials(key_, Options()); }
  Credentials OAuth() {
    return *OAuthTokenCredentials(cloud_->oauth_token(), Options());
  }
  Credentials Source(FunctionSource::Function fetch) {
    return *TokenSourceCredentials(MakeSource(std::move(fetch)), options_);
  }

  // Calls with them, and looks at all they say.
  grpc::Status Use(const std::string& name, const Credentials& credentials) {
    detector_->AddCredentials(name + " before", credentials);
    const auto channel = Connect(*cloud_, credentials);
    const grpc::Status status = Call(channel);
    detector_->AddRpc(name + " call", status);
    detector_->AddRpc(name + " stream", Stream(channel, 2));
    detector_->AddCredentials(name + " after", credentials);
    return status;
  }

  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  const std::shared_ptr<LeakDetector> detector_ =
      std::make_shared<LeakDetector>();
  EventLog log_;
  RefreshOptions options_;
  std::string key_;
  std::string pem_;
  std::optional<OutputCapture> capture_;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_LEAK_FIXTURE_H_
