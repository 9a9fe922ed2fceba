// No secret in what the command prints, but for the stdout of `header` and
// `token`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cli_testing.h"

namespace aistudio::auth::cli {
namespace {

constexpr std::size_t kRun = 12;

class CliLeakTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    const std::string key = cloud_->service_account_key_json();
    const std::size_t pem = key.find("-----BEGIN PRIVATE KEY-----");
    secrets_ = {cloud_->api_key(), cloud_->oauth_token(), cloud_->yc().token(),
                cloud_->token_exchange().subject_token(),
                // The first line of the key is the same in all keys.
                key.substr(pem + 120, 400)};
    pem_ = key.substr(pem, key.find("-----END PRIVATE KEY-----") + 25 - pem);
    const std::string iam = "--iam_endpoint=" + cloud_->iam_endpoint();
    const std::string token = File("token", cloud_->yc().token());
    const WorkloadIdentityOptions identity = cloud_->token_exchange().options(
        File("subject", cloud_->token_exchange().subject_token()), "");
    cloud_->iam().AllowImpersonation("ajeimpersonated");
    good_ = {
        {"--api_key_file=" + File("api", cloud_->api_key())},
        {"--iam_token_file=" + token},
        {"--oauth_token_file=" + File("oauth", cloud_->oauth_token()), iam},
        key_,
        {"--token_file=" + token},
        metadata_,
        {"--yc", "--yc_command=" + cloud_->yc_command()},
        {"--workload_identity", "--token_url=" + identity.token_url,
         "--service_account_id=" + identity.service_account_id,
         "--subject_token_file=" + identity.subject_token_path},
        {"--credentials_string_file=" + File("any", cloud_->api_key())},
        {"--metadata", "--metadata_address=" + cloud_->metadata().address(),
         iam, "--impersonate=ajeimpersonated"},
        {"--none"},
    };
    for (Strings& flags : good_) flags.push_back(roots_);
  }

  // The first run of a secret in `text`; empty if there is none.
  std::string LeakIn(const std::string& text) {
    Strings forms;
    for (const std::string& token :
         {cloud_->iam().last_token(), cloud_->metadata().last_token(),
          cloud_->token_exchange().last_token()}) {
      if (!token.empty()) secrets_.push_back(token);
    }
    for (const std::string& secret : secrets_) {
      forms.push_back(secret);
      for (std::size_t skip = 0; skip < 3; ++skip) {
        std::string base64 = absl::Base64Escape(secret.substr(skip));
        base64.resize(base64.size() - 4);
        forms.push_back(base64);
      }
    }
    for (const std::string& form : forms) {
      for (std::size_t i = 0; i + kRun <= form.size(); ++i) {
        if (text.find(form.substr(i, kRun)) != std::string::npos) {
          return form.substr(i, kRun);
        }
      }
    }
    return "";
  }

  Result RunQuietly(const Strings& arguments, const Strings& more = {},
                    const Strings& environment = {},
                    const std::string& input = "") {
    Result result = Run(arguments, more, environment, input);
    EXPECT_EQ(LeakIn(result.out + result.err), "")
        << ::testing::PrintToString(arguments) << result.out << result.err;
    return result;
  }

  std::vector<Strings> good_;
  Strings secrets_;
  std::string pem_;
};

TEST_F(CliLeakTest, EveryMethodThatWorks) {
  cloud_->ai_studio().AllowAnonymous(true);
  for (const Strings& flags : good_) {
    EXPECT_EQ(RunQuietly({"check", "--json"}, flags).exit_code, 0);
    EXPECT_EQ(RunQuietly({"check"}, flags).exit_code, 0);
    EXPECT_EQ(RunQuietly({"call", target(), kMethod}, flags).exit_code, 0);
    RunQuietly({"chat", "--folder_id=b1g", "--target=" + target(), "Hello"},
               flags);
    if (flags.front() == "--none") continue;
    for (const char* command : {"header", "token"}) {
      const Result result = Run({command}, flags);
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_NE(LeakIn(result.out), "") << command;
      EXPECT_EQ(LeakIn(result.err), "") << command;
    }
  }
}

TEST_F(CliLeakTest, EveryMethodThatFails) {
  // Each names its secret in its answer where it can.
  cloud_->iam().FailAlways(
      {grpc::StatusCode::UNAUTHENTICATED,
       absl::StrCat("bad ", cloud_->oauth_token(), " or ", pem_)});
  cloud_->metadata().FailAlways(403, absl::ZeroDuration(),
                                cloud_->yc().token());
  cloud_->token_exchange().QuoteSubjectToken(true);
  cloud_->token_exchange().RemoveSubjectToken(
      cloud_->token_exchange().subject_token());
  testing::FakeYc::Behavior behavior;
  behavior.print_token = false;
  behavior.error_text = "ERROR: " + cloud_->yc().token() + " has expired\n";
  behavior.exit_code = 1;
  cloud_->yc().SetBehavior(behavior);
  testing::FakeAiStudio::MethodBehavior refusal;
  refusal.responses = 0;
  refusal.status = {grpc::StatusCode::PERMISSION_DENIED,
                    absl::StrCat(cloud_->api_key(), " and ",
                                 cloud_->yc().token(), " may not")};
  cloud_->ai_studio().SetBehavior(kMethod, refusal);
  for (const Strings& flags : good_) {
    RunQuietly({"check", "--json", "--timeout=700ms"}, flags);
    RunQuietly({"header", "--timeout=700ms"}, {"--none"});
    EXPECT_EQ(RunQuietly({"call", "--timeout=700ms", target(), kMethod}, flags)
                  .exit_code,
              1);
  }
}

TEST_F(CliLeakTest, DetectionOfEveryVariable) {
  const std::string api_key = cloud_->api_key();
  const std::string token = cloud_->yc().token();
  for (const std::string& variable :
       {"YC_API_KEY=" + api_key, "YC_IAM_TOKEN=" + token,
        "YC_OAUTH_TOKEN=" + cloud_->oauth_token(), "YC_TOKEN=" + token}) {
    const std::string twice =
        variable + " " + variable.substr(variable.find('=') + 1);
    for (const std::string& value : {variable, twice}) {
      RunQuietly({"detect"}, {}, {value, "YC_METADATA_ADDR=127.0.0.1:1"});
      RunQuietly({"detect", "--json"}, {},
                 {value, "YC_METADATA_ADDR=127.0.0.1:1"});
    }
  }
  RunQuietly({"detect"}, {}, {"AISTUDIO_AUTH_METHOD=" + token});
  RunQuietly({"detect"}, {}, {"YC_SERVICE_ACCOUNT_KEY_FILE=" + api_key});
}

TEST_F(CliLeakTest, SecretsPastedInTheWrongPlace) {
  const std::string all[] = {cloud_->api_key(), cloud_->oauth_token(),
                             cloud_->yc().token(),
                             cloud_->token_exchange().subject_token(),
                             cloud_->service_account_key_json()};
  for (const std::string& secret : all) {
    RunQuietly({secret});
    RunQuietly({"--" + secret});
    RunQuietly({"check", "--" + secret});
    for (const char* command :
         {"detect", "check", "header", "token", "demo", "fake-cloud", "call"}) {
      EXPECT_EQ(RunQuietly({command, secret}).exit_code, 2) << command;
    }
    EXPECT_EQ(RunQuietly({"call", target(), secret, "--none"}).exit_code, 2);
    // A name server must not be told, either.
    EXPECT_EQ(RunQuietly({"call", secret, kMethod, "--none"}).exit_code, 2);
    EXPECT_EQ(RunQuietly({"chat", "--none", "--folder_id=b1g",
                          "--target=" + secret, "Hello"})
                  .exit_code,
              2);
    for (const char* flag :
         {"api_key_file", "iam_token_file", "oauth_token_file",
          "service_account_key", "token_file", "credentials_string_file",
          "root_certificates", "timeout", "min_remaining", "metadata"}) {
      EXPECT_NE(RunQuietly({"check", "--timeout=700ms",
                            absl::StrCat("--", flag, "=", secret)})
                    .exit_code,
                0)
          << flag;
    }
    RunQuietly({"check", "--none", "--request_file=" + secret});
    RunQuietly(
        {"call", "--none", "--request_file=" + secret, target(), kMethod});
    RunQuietly({"call", "--none", "--response_file=/nonexistent/" + secret,
                target(), kMethod});
    for (const char* flag :
         {"metadata_address", "folder_id", "allowed_hosts"}) {
      RunQuietly({"check", "--metadata", "--timeout=700ms",
                  absl::StrCat("--", flag, "=", secret)});
    }
    for (const char* flag : {"yc_command", "profile"}) {
      RunQuietly({"check", "--yc", "--timeout=700ms",
                  absl::StrCat("--", flag, "=", secret)});
    }
    for (const char* flag :
         {"token_url", "service_account_id", "subject_token_file"}) {
      RunQuietly({"check", "--workload_identity", "--timeout=700ms",
                  absl::StrCat("--", flag, "=", secret)});
    }
    for (const char* flag : {"iam_endpoint", "impersonate"}) {
      RunQuietly(
          {"check", "--timeout=700ms", absl::StrCat("--", flag, "=", secret)},
          key_);
    }
  }
}

TEST_F(CliLeakTest, TheQueryOfAUrl) {
  // Of a form by which nobody could tell that it is a secret.
  secrets_.emplace_back("correct-horse-battery-staple");
  for (const char* json : {"--json", "--json=false"}) {
    const Result check = RunQuietly(
        {"check", "--workload_identity", json, "--service_account_id=aje1",
         "--subject_token_file=/dev/null", "--timeout=700ms",
         "--token_url=https://127.0.0.1:1/path?correct-horse-battery-staple"});
    EXPECT_EQ(check.exit_code, 1);
    EXPECT_THAT(check.out, ::testing::HasSubstr("https://127.0.0.1:1/path"));
  }
}

TEST_F(CliLeakTest, HelpAndTheFakeCloud) {
  for (const std::string& command : Commands()) {
    RunQuietly({command, "--help"}, {}, {"YC_API_KEY=" + cloud_->api_key()});
  }
  RunQuietly(
      {"demo", "--duration=1s", "--calls=2"}, {},
      {"YC_API_KEY=" + cloud_->api_key(), "YC_TOKEN=" + cloud_->yc().token()});
  const Result cloud = RunQuietly({"fake-cloud", "--duration=1s"}, {},
                                  {"YC_API_KEY=" + cloud_->api_key()});
  EXPECT_EQ(cloud.exit_code, 0);
}

TEST_F(CliLeakTest, TheCheckFindsWhatIsPrinted) {
  const Strings secrets = secrets_;
  for (const std::string& secret : secrets) {
    EXPECT_NE(LeakIn("x" + secret.substr(3, 12) + "x"), "");
    EXPECT_NE(LeakIn(absl::Base64Escape("user:" + secret)), "");
    EXPECT_EQ(LeakIn(secret.substr(3, 11)), "");
  }
}

}  // namespace
}  // namespace aistudio::auth::cli
