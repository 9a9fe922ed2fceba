// Tokens from the `yc` command line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::ElementsAre;
using testing::FakeYc;
using ::testing::HasSubstr;
using testing::ManualClock;
using ::testing::Not;
using testing::ScopedEnv;
using ::testing::SizeIs;

using Fault = FakeYc::Fault;

bool WaitUntil(const std::function<bool()>& done) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!done()) {
    if (absl::Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class YcCliTest : public ::testing::Test {
 protected:
  CliOptions Options() {
    CliOptions options = cloud_->yc().options();
    options.refresh.registry = registry_;
    options.refresh.fetch_timeout = absl::Seconds(5);
    options.timeout = absl::Seconds(20);
    return options;
  }

  Credentials Make(const CliOptions& options) {
    auto credentials = YandexCloudCliCredentials(options);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }
  Credentials Make() { return Make(Options()); }

  // What a yc that behaves like this brings about, from a yc that may take
  // `timeout`.
  absl::Status ErrorOf(const FakeYc::Behavior& behavior,
                       absl::Duration timeout = absl::Seconds(20)) {
    cloud_->yc().SetBehavior(behavior);
    CliOptions options = Options();
    options.timeout = timeout;
    options.refresh.fetch_timeout = absl::Milliseconds(100);
    // Tells these credentials from those of an earlier case.
    options.refresh.max_backoff += absl::Seconds(++cases_);
    const Credentials credentials = Make(options);
    EXPECT_TRUE(events_.WaitForFailures(static_cast<std::size_t>(cases_)));
    EXPECT_FALSE(credentials.AuthorizationHeader().ok());
    return events_.events().back().status;
  }

  // All processes of all runs, gone without a trace.
  void ExpectNothingRuns() {
    std::vector<int> processes = cloud_->yc().children();
    for (const FakeYc::Run& run : cloud_->yc().runs()) {
      processes.push_back(run.process_id);
    }
    for (const int process : processes) {
      EXPECT_TRUE(WaitUntil([&] {
        return !std::filesystem::exists(absl::StrCat("/proc/", process));
      })) << process;
    }
  }

  const ScopedEnv profile_{"YC_PROFILE", ""};
  int cases_ = 0;
  EventLog events_;
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({nullptr, events_.callback()});
};

FakeYc::Behavior With(Fault fault) {
  FakeYc::Behavior behavior;
  behavior.fault = fault;
  return behavior;
}

TEST_F(YcCliTest, CallsCarryWhatYcPrints) {
  const Credentials credentials = Make();
  const auto channel = Connect(*cloud_, credentials);
  const grpc::Status unary = Call(channel);
  EXPECT_TRUE(unary.ok()) << unary.error_message();
  EXPECT_TRUE(Stream(channel, 3).ok());
  EXPECT_EQ(credentials.AuthorizationHeader().value(),
            "Bearer " + cloud_->yc().token());
  ASSERT_THAT(cloud_->yc().runs(), SizeIs(1));
  EXPECT_THAT(cloud_->yc().runs()[0].arguments,
              ElementsAre("iam", "create-token", "--no-user-output"));
  EXPECT_EQ(credentials.DebugString(),
            "YandexCloudCliAuth{command=" + cloud_->yc_command() + "}");
  ExpectNothingRuns();
}

TEST_F(YcCliTest, OptionsAreArguments) {
  CliOptions options = Options();
  options.profile = "work";
  options.endpoint = "api.cloud.example:443";
  options.impersonate_service_account_id = "ajeabc";
  const Credentials credentials = Make(options);
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_THAT(
      cloud_->yc().runs()[0].arguments,
      ElementsAre("iam", "create-token", "--no-user-output", "--profile",
                  "work", "--endpoint", "api.cloud.example:443",
                  "--impersonate-service-account-id", "ajeabc"));
  EXPECT_THAT(credentials.DebugString(),
              HasSubstr("profile=work, endpoint=api.cloud.example:443, "
                        "impersonate_service_account_id=ajeabc}"));
}

TEST_F(YcCliTest, TheProfileIsTakenFromTheEnvironment) {
  const ScopedEnv variable("YC_PROFILE", "from-env");
  const Credentials credentials = Make();
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  CliOptions options = Options();
  options.profile = "from-options";
  const Credentials other = Make(options);
  EXPECT_EQ(other.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  const auto runs = cloud_->yc().runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0].arguments.back(), "from-env");
  EXPECT_EQ(runs[1].arguments.back(), "from-options");
}

TEST_F(YcCliTest, OtherLinesAndBlanksAroundTheTokenDoNotMatter) {
  FakeYc::Behavior behavior;
  behavior.before_token = "There is a new yc version\n\n  \t";
  behavior.after_token = " \r\n\n   \n";
  behavior.error_text = "some warning\n";
  cloud_->yc().SetBehavior(behavior);
  const Credentials credentials = Make();
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_EQ(credentials.AuthorizationHeader().value(),
            "Bearer " + cloud_->yc().token());
}

TEST_F(YcCliTest, AFailureIsAnErrorWhateverItPrinted) {
  FakeYc::Behavior behavior;
  behavior.exit_code = 3;
  behavior.error_text = "ERROR: no profile is configured\n";
  EXPECT_EQ(ErrorOf(behavior),
            absl::FailedPreconditionError(absl::StrCat(
                cloud_->yc_command(),
                ": ended with exit status 3, and said: ERROR: no profile is "
                "configured; run `yc iam create-token` by hand, and `yc init` "
                "if it has no profile")));
  behavior.error_text = "";
  EXPECT_EQ(std::string(ErrorOf(behavior).message()),
            absl::StrCat(cloud_->yc_command(),
                         ": ended with exit status 3; run `yc iam "
                         "create-token` by hand, and `yc init` if it has no "
                         "profile"));
}

TEST_F(YcCliTest, TheCodeThatYcNamesIsTheErrors) {
  const std::pair<const char*, absl::StatusCode> kCodes[] = {
      {"Unauthenticated", absl::StatusCode::kUnauthenticated},
      {"PermissionDenied", absl::StatusCode::kPermissionDenied},
      {"Unavailable", absl::StatusCode::kUnavailable},
      {"DeadlineExceeded", absl::StatusCode::kDeadlineExceeded},
      {"Whatever", absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& [name, code] : kCodes) {
    FakeYc::Behavior behavior;
    behavior.exit_code = 1;
    behavior.error_text =
        absl::StrCat("ERROR: rpc error: code = ", name, " desc = no\n");
    EXPECT_EQ(ErrorOf(behavior).code(), code) << name;
  }
}

// Python SDK defect D11: what yc says of its failure is lost.
TEST_F(YcCliTest, WhatYcSaysIsRedactedAndCut) {
  FakeYc::Behavior behavior;
  behavior.exit_code = 1;
  behavior.error_text =
      absl::StrCat("the token ", cloud_->yc().token(), " was no good\x01\n",
                   cloud_->oauth_token(), std::string(5000, '!'));
  const absl::Status error = ErrorOf(behavior);
  const std::string message(error.message());
  EXPECT_THAT(message, HasSubstr("said: the token [redacted] was no good"));
  EXPECT_FALSE(absl::StrContains(message, cloud_->yc().token()));
  EXPECT_FALSE(absl::StrContains(message, cloud_->oauth_token()));
  EXPECT_LT(message.size(), 800u);
}

// Python SDK defect D2: an empty token is sent for an hour.
TEST_F(YcCliTest, NoOutputIsNoToken) {
  FakeYc::Behavior behavior;
  behavior.print_token = false;
  EXPECT_EQ(ErrorOf(behavior),
            absl::InternalError(absl::StrCat(cloud_->yc_command(),
                                             ": printed no token; run `yc iam "
                                             "create-token` by hand")));
  behavior.after_token = " \n\t\n";
  EXPECT_THAT(std::string(ErrorOf(behavior).message()),
              HasSubstr("printed no token"));
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
}

TEST_F(YcCliTest, ALastLineThatIsNoTokenIsNoHeaderAndNotQuoted) {
  FakeYc::Behavior behavior;
  behavior.after_token = "Have a nice day\n";
  const absl::Status error = ErrorOf(behavior);
  EXPECT_EQ(error.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(error.message()),
              HasSubstr("answered with a bad token: holds white space"));
  EXPECT_THAT(std::string(error.message()), Not(HasSubstr("nice")));
}

// Python SDK defect D11: yc may run for ever.
TEST_F(YcCliTest, AYcThatDoesNotEndIsEndedAtTheTimeout) {
  for (const Fault fault :
       {Fault::kHang, Fault::kStop, Fault::kIgnoreSigterm}) {
    FakeYc::Behavior behavior = With(fault);
    behavior.error_text = "Open this page in a browser\n";
    const absl::Time start = absl::Now();
    const absl::Status error = ErrorOf(behavior, absl::Milliseconds(300));
    EXPECT_LT(absl::Now() - start, absl::Seconds(10));
    EXPECT_EQ(error,
              absl::DeadlineExceededError(absl::StrCat(
                  cloud_->yc_command(),
                  ": it did not end within 300ms, and said: Open this page in "
                  "a browser; run `yc iam create-token` by hand, it may want "
                  "to be logged in; or raise CliOptions::timeout")));
    ExpectNothingRuns();
  }
}

TEST_F(YcCliTest, EndlessOutputIsAnError) {
  const absl::Status error = ErrorOf(With(Fault::kFloodOutput));
  EXPECT_EQ(error, absl::InternalError(
                       absl::StrCat(cloud_->yc_command(),
                                    ": it printed more than 64 KiB; check that "
                                    "CliOptions::command is yc")));
  ExpectNothingRuns();
}

TEST_F(YcCliTest, MuchOnStderrDoesNotMatter) {
  cloud_->yc().SetBehavior(With(Fault::kFloodErrors));
  EXPECT_EQ(Make().WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
}

TEST_F(YcCliTest, AChildThatYcLeavesBehindHoldsUpNobody) {
  cloud_->yc().SetBehavior(With(Fault::kKeepPipesOpen));
  const absl::Time start = absl::Now();
  EXPECT_EQ(Make().WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_THAT(cloud_->yc().children(), SizeIs(1));
}

TEST_F(YcCliTest, ASignalIsAnErrorThatPasses) {
  EXPECT_EQ(
      ErrorOf(With(Fault::kKillItself)),
      absl::UnavailableError(absl::StrCat(
          cloud_->yc_command(), ": was ended by signal 9; it is run again")));
  cloud_->yc().SetBehavior({});
  EXPECT_EQ(Make().WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
}

TEST_F(YcCliTest, AYcThatIsNotThereIsNamed) {
  CliOptions options = Options();
  options.command = "aistudio-auth-no-yc";
  const Credentials credentials = Make(options);
  const grpc::Status status = Call(Connect(*cloud_, credentials));
  EXPECT_EQ(CredentialsError(status),
            absl::NotFoundError(
                "YandexCloudCliAuth: aistudio-auth-no-yc: is not installed, or "
                "not on PATH; install the command line of Yandex Cloud "
                "(https://yandex.cloud/docs/cli/quickstart), or set "
                "CliOptions::command to the path of yc"));
  options.command = "/etc/passwd";
  EXPECT_EQ(Make(options).WaitUntilReady(absl::Seconds(20)),
            absl::PermissionDeniedError(
                "YandexCloudCliAuth: /etc/passwd: the program may not be run; "
                "set CliOptions::command to the path of yc, without "
                "arguments, and check its mode"));
}

TEST_F(YcCliTest, BadOptionsAreRefused) {
  using Field = std::string CliOptions::*;
  const std::tuple<Field, std::string, const char*> kBad[] = {
      {&CliOptions::command, "", "CliOptions::command: is empty"},
      {&CliOptions::command, "-rf", "CliOptions::command: begins with '-'"},
      {&CliOptions::command, "y\nc", "CliOptions::command: holds a byte"},
      {&CliOptions::profile, "-x", "CliOptions::profile: begins with '-'"},
      {&CliOptions::profile, "a b", "CliOptions::profile: holds a byte"},
      {&CliOptions::profile, std::string("a\0b", 3), "profile: holds a byte"},
      {&CliOptions::profile, std::string(2000, 'a'), "profile: is too long"},
      {&CliOptions::endpoint, "--profile", "endpoint: begins with '-'"},
      {&CliOptions::endpoint, "h\xc3\xb6st", "endpoint: holds a byte"},
      {&CliOptions::impersonate_service_account_id, "-a",
       "impersonate_service_account_id: begins with '-'"},
      {&CliOptions::impersonate_service_account_id, cloud_->oauth_token(),
       "impersonate_service_account_id: looks like a secret"},
  };
  for (const auto& [field, value, fault] : kBad) {
    CliOptions options = Options();
    options.*field = value;
    const absl::Status status = YandexCloudCliCredentials(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
    EXPECT_THAT(std::string(status.message()), HasSubstr("YandexCloudCliAuth"));
  }
  for (const absl::Duration timeout :
       {absl::ZeroDuration(), absl::Seconds(-1)}) {
    CliOptions options = Options();
    options.timeout = timeout;
    EXPECT_EQ(YandexCloudCliCredentials(options).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  const ScopedEnv variable("YC_PROFILE", "-x");
  EXPECT_THAT(
      std::string(YandexCloudCliCredentials(Options()).status().message()),
      HasSubstr("YC_PROFILE: begins with '-'"));
  EXPECT_THAT(cloud_->yc().runs(), SizeIs(0));
}

TEST_F(YcCliTest, EqualOptionsShareARun) {
  const Credentials one = Make();
  const Credentials two = Make();
  CliOptions options = Options();
  options.profile = "other";
  const Credentials other = Make(options);
  EXPECT_EQ(one.call_credentials(), two.call_credentials());
  EXPECT_NE(one.call_credentials(), other.call_credentials());
  for (const Credentials& credentials : {one, two, other}) {
    EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  }
  EXPECT_THAT(cloud_->yc().runs(), SizeIs(2));
}

TEST_F(YcCliTest, DroppingTheCredentialsEndsYc) {
  cloud_->yc().SetBehavior(With(Fault::kHang));
  {
    const Credentials credentials = Make();
    EXPECT_TRUE(WaitUntil([&] { return cloud_->yc().runs().size() == 1; }));
  }
  ExpectNothingRuns();
}

TEST(YcCliTimeTest, TheTokenIsRenewedWithinAnHourAndOutlivesAnOutage) {
  const ScopedEnv profile("YC_PROFILE", "");
  const auto clock = std::make_shared<ManualClock>();
  EventLog events;
  testing::FakeCloud::Options cloud_options;
  cloud_options.clock = clock;
  const auto cloud = StartCloud(cloud_options);
  CliOptions options = cloud->yc().options();
  options.refresh.registry =
      ProviderRegistry::Create({clock, events.callback()});
  const auto credentials = YandexCloudCliCredentials(options);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  ASSERT_TRUE(events.WaitForSuccesses(1));
  EXPECT_EQ(credentials->stats().expires_at, clock->Now() + absl::Hours(1));

  cloud->yc().NewToken();
  clock->Advance(absl::Minutes(45));
  ASSERT_TRUE(events.WaitForSuccesses(2));
  EXPECT_EQ(credentials->AuthorizationHeader().value(),
            "Bearer " + cloud->yc().token());

  FakeYc::Behavior broken;
  broken.exit_code = 1;
  broken.error_text = "no network";
  cloud->yc().SetBehavior(broken);
  clock->Advance(absl::Minutes(45));
  ASSERT_TRUE(events.WaitForFailures(1));
  EXPECT_EQ(credentials->status(), absl::OkStatus());
  clock->Advance(absl::Minutes(15));
  ASSERT_TRUE(events.WaitForFailures(2));
  EXPECT_THAT(std::string(credentials->status().message()),
              HasSubstr("no network"));

  cloud->yc().SetBehavior({});
  clock->Advance(absl::Minutes(1));
  ASSERT_TRUE(events.WaitForSuccesses(3));
  EXPECT_EQ(credentials->status(), absl::OkStatus());
}

}  // namespace
}  // namespace aistudio::auth
