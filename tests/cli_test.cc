// The commands that show credentials, and what all commands share.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "tests/cli_testing.h"

namespace aistudio::auth::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(CliTest, HeaderPrintsTheHeaderAloneAndWarns) {
  const Result result = Run({"header"}, key_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, absl::StrCat("Authorization: Bearer ",
                                     cloud_->iam().last_token(), "\n"));
  EXPECT_THAT(result.err, HasSubstr("this is a secret"));
  EXPECT_THAT(result.err, Not(HasSubstr(cloud_->iam().last_token())));
}

TEST_F(CliTest, HeaderTakesAKeyFromStdin) {
  const Result result =
      Run({"header", "--api_key_file=-"}, {}, {}, cloud_->api_key() + "\n");
  EXPECT_EQ(result.out,
            absl::StrCat("Authorization: Api-Key ", cloud_->api_key(), "\n"));
}

TEST_F(CliTest, TokenPrintsTheTokenAlone) {
  const Result result = Run({"token"}, key_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, cloud_->iam().last_token() + "\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(CliTest, WithoutCredentialsThereIsNoHeader) {
  for (const char* command : {"header", "token"}) {
    const Result result = Run({command, "--none"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("there is no header to print"));
  }
}

TEST_F(CliTest, CheckTellsEverythingButTheToken) {
  const Result result = Run({"check"}, key_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("method    ServiceAccountKeyAuth\n"),
                    HasSubstr("endpoint  " + cloud_->iam_endpoint() + "\n"),
                    HasSubstr("(in 11h59m"), HasSubstr(" ms\n"),
                    Not(HasSubstr(cloud_->iam().last_token()))));
}

TEST_F(CliTest, CheckPrintsJson) {
  const Result result = Run({"check", "--json"}, metadata_);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("{\"ok\":true,\"code\":\"OK\",\"message\":\"\","
                         "\"method\":\"MetadataAuth\""));
}

TEST_F(CliTest, CheckEndsAfterItsTimeoutWithTheReason) {
  cloud_->iam().Hang(true);
  const absl::Time start = absl::Now();
  const Result result = Run({"check", "--timeout=500ms"}, key_);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  cloud_->iam().Hang(false);
}

TEST_F(CliTest, EveryMethodIsChosenByItsFlag) {
  const std::string iam = "--iam_endpoint=" + cloud_->iam_endpoint();
  const std::string token = File("token", cloud_->yc().token());
  const WorkloadIdentityOptions identity = cloud_->token_exchange().options(
      File("subject", cloud_->token_exchange().subject_token()), "");
  cloud_->iam().AllowImpersonation("ajeimpersonated");
  const std::pair<const char*, Strings> methods[] = {
      {"ApiKeyAuth", {"--api_key_file=" + File("api", cloud_->api_key())}},
      {"IamTokenAuth", {"--iam_token_file=" + token}},
      {"OAuthTokenAuth",
       {"--oauth_token_file=" + File("oauth", cloud_->oauth_token()), iam}},
      {"ServiceAccountKeyAuth", key_},
      {"TokenFileAuth", {"--token_file=" + token}},
      {"MetadataAuth", metadata_},
      {"YandexCloudCliAuth", {"--yc", "--yc_command=" + cloud_->yc_command()}},
      {"WorkloadIdentityAuth",
       {"--workload_identity", "--token_url=" + identity.token_url,
        "--service_account_id=" + identity.service_account_id,
        "--subject_token_file=" + identity.subject_token_path}},
      {"ApiKeyAuth",
       {"--credentials_string_file=" + File("any", cloud_->api_key())}},
      {"ImpersonatedAuth",
       {"--metadata", "--metadata_address=" + cloud_->metadata().address(), iam,
        "--impersonate=ajeimpersonated"}},
  };
  for (const auto& [method, flags] : methods) {
    Strings all = flags;
    // The same flag twice is the same.
    all.push_back(roots_);
    const Result check = Run({"check", "--json"}, all);
    EXPECT_EQ(check.exit_code, 0) << method << check.err;
    EXPECT_THAT(check.out, HasSubstr(absl::StrCat("\"", method, "\"")));
    const Result call = Run({"call", target(), kMethod}, all);
    EXPECT_EQ(call.exit_code, 0) << method << call.err;
  }
}

TEST_F(CliTest, DetectShowsEachStepAndTheWinner) {
  const Result result =
      Run({"detect"}, {}, {"YC_METADATA_ADDR=" + cloud_->metadata().address()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("  1 api_key "), HasSubstr("YC_API_KEY: not set\n"),
            HasSubstr("* 6 metadata "), HasSubstr("\nMetadataAuth{")));
}

TEST_F(CliTest, DetectThatFindsNothingFails) {
  const Result result =
      Run({"detect", "--json"}, {}, {"AISTUDIO_AUTH_METHOD=api_key"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, AllOf(StartsWith("{\"found\":false,"),
                                HasSubstr("\"reason\":\"not set\"")));
  EXPECT_THAT(result.err, HasSubstr("NOT_FOUND"));
}

// Python SDK defect D12: without a stdin, as in a daemon, detection throws.
TEST_F(CliTest, DetectWorksWithoutStdin) {
  const Result result = RunScript(
      "YC_METADATA_ADDR=127.0.0.1:1 aistudio-auth detect --yc_command=sh <&-");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("8 yc "));
  EXPECT_THAT(result.out, HasSubstr("stdin is no terminal"));
  EXPECT_THAT(result.err, HasSubstr("NOT_FOUND"));
}

TEST_F(CliTest, DetectPrintsWarnings) {
  const Result result =
      Run({"detect"}, {}, {"YC_OAUTH_TOKEN=" + cloud_->oauth_token()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    warning: an OAuth token"));
  EXPECT_THAT(result.out + result.err, Not(HasSubstr(cloud_->oauth_token())));
}

TEST_F(CliTest, WrongUsageIsExitCodeTwo) {
  const Strings wrong[] = {
      {},
      {"nonsense"},
      {"check", "--nonsense"},
      {"check", "argument"},
      {"check", "--metadata", "--yc"},
      {"check", "--timeout=0"},
      {"check", "--timeout=later"},
      {"check", "--min_remaining=-1s"},
      {"check", "--service_account_id=aje"},
      {"check", "--count=2"},
      {"header", "t1.pasted"},
      {"detect", "--metadata"},
      {"call"},
      {"call", "host:443", "Method"},
      {"call", "--count=0", "host:443", kMethod},
      {"call", "--concurrency=0", "host:443", kMethod},
      {"fake-cloud", "--duration=-1s"},
      {"chat", "--none", "Hello"},
      {"chat", "--none", "--folder_id=b1g"},
  };
  for (const Strings& arguments : wrong) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("--help"));
    EXPECT_THAT(result.err, Not(HasSubstr("t1.pasted")));
  }
}

TEST_F(CliTest, UnreadableFilesAreNamed) {
  EXPECT_THAT(Run({"check", "--api_key_file=/nonexistent"}).err,
              HasSubstr("--api_key_file: /nonexistent: cannot be opened"));
  const std::string large = File("large", std::string(64 * 1024 + 1, 'a'));
  const Result result = Run({"check", "--api_key_file=" + large});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("is larger than 65536 bytes"));
}

TEST_F(CliTest, HelpFitsAScreenAndHasAnExample) {
  Strings commands = Commands();
  commands.push_back("");  // the overview
  for (const std::string& command : commands) {
    Strings arguments = {command, "--help"};
    if (command.empty()) arguments.erase(arguments.begin());
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, IsEmpty());
    const Strings lines = Lines(result.out);
    EXPECT_LE(lines.size(), 24) << command;
    for (const std::string& line : lines) EXPECT_LE(line.size(), 80) << line;
    EXPECT_THAT(result.out, HasSubstr("\nExample:\n  "));
    EXPECT_THAT(result.out, HasSubstr("aistudio-auth " + command));
  }
}

TEST_F(CliTest, FlagsMayComeBeforeTheCommand) {
  Strings arguments = metadata_;
  arguments.insert(arguments.end(), {"--timeout", "10s", "check", "--json"});
  const Result result = Run(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("{\"ok\":true"));
}

TEST_F(CliTest, SecretsNeverReachStderr) {
  testing::FakeAiStudio::MethodBehavior echo;
  echo.responses = 0;
  echo.status = {grpc::StatusCode::PERMISSION_DENIED,
                 "key " + cloud_->api_key() + " may not"};
  cloud_->ai_studio().SetBehavior(kMethod, echo);
  const std::string file = "--api_key_file=" + File("api", cloud_->api_key());
  const Result call = Run({"call", file, roots_, target(), kMethod});
  EXPECT_EQ(call.exit_code, 1);
  EXPECT_THAT(call.out + call.err,
              AllOf(HasSubstr("[secret]"), Not(HasSubstr(cloud_->api_key()))));
  const Result check = Run({"check", file});
  EXPECT_THAT(check.out + check.err, Not(HasSubstr(cloud_->api_key())));
  const std::string both = cloud_->api_key() + "\n" + cloud_->api_key();
  const Result bad = Run({"header", "--api_key_file=-"}, {}, {}, both);
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out + bad.err, Not(HasSubstr(cloud_->api_key())));
}

TEST_F(CliTest, FakeCloudServesUntilItIsEndedAndCleansUp) {
  const pid_t process = Start({"fake-cloud"}, {"TMPDIR=" + folder_.string()});
  const absl::Time end = absl::Now() + absl::Seconds(10);
  std::string text;
  while (text.find("# Running") == std::string::npos && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(20));
    text = ReadFile(folder_ / "out");
  }
  // As a shell would read it.
  const std::string script = File("cloud.env", text);
  const std::string out = (folder_ / "called").string();
  const std::string command =
      absl::StrCat(". ", script, "; ", kCommand, " --metadata call --count=2 ",
                   "$AI_STUDIO_TARGET ", kMethod, " > ", out, " 2>&1");
  EXPECT_EQ(std::system(command.c_str()), 0) << ReadFile(out);
  EXPECT_THAT(ReadFile(out), HasSubstr("2 calls, 0 failed"));

  kill(process, SIGTERM);
  EXPECT_EQ(Wait(process).exit_code, 0);
  Strings left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.is_directory()) left.push_back(entry.path().string());
  }
  EXPECT_THAT(left, IsEmpty());
}

}  // namespace
}  // namespace aistudio::auth::cli
