// A service account, by way of other credentials.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;
using testing::ManualClock;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

constexpr char kRobot[] = "ajerobot";

bool WaitUntil(const std::function<bool()>& done) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!done()) {
    if (absl::Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

class ImpersonationTest : public ::testing::Test {
 protected:
  ImpersonationTest() { cloud_->iam().AllowImpersonation(kRobot); }

  IamOptions Options() {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    return options;
  }

  Credentials Base() {
    return *ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                         Options());
  }

  Credentials Make(const Credentials& base, const std::string& id = kRobot) {
    auto credentials = ImpersonatedCredentials(base, id, Options());
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  EventLog events_;
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({nullptr, events_.callback()});
};

TEST_F(ImpersonationTest, CallsCarryTheServiceAccountsToken) {
  const Credentials base = Base();
  const Credentials robot = Make(base);
  const auto channel = Connect(*cloud_, robot);
  const grpc::Status unary = Call(channel);
  EXPECT_TRUE(unary.ok()) << unary.error_message();
  EXPECT_TRUE(Stream(channel, 3).ok());
  EXPECT_EQ(cloud_->iam().requests(), 2);
  EXPECT_NE(robot.AuthorizationHeader().value(),
            base.AuthorizationHeader().value());
  EXPECT_THAT(robot.DebugString(),
              MatchesRegex("ImpersonatedAuth\\{service_account=ajerobot, "
                           "base=ServiceAccountKeyAuth\\{.*\\}, "
                           "endpoint=localhost:[0-9]+\\}"));
}

TEST_F(ImpersonationTest, EveryMethodWithATokenCanBeTheBase) {
  const Credentials base = Base();
  ASSERT_EQ(base.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  CliOptions cli = cloud_->yc().options();
  cli.refresh.registry = registry_;
  for (const Credentials& any :
       {*IamTokenCredentials(cloud_->iam().last_token()),
        *OAuthTokenCredentials(cloud_->oauth_token(), Options()),
        *YandexCloudCliCredentials(cli), Make(base)}) {
    EXPECT_EQ(Make(any).WaitUntilReady(absl::Seconds(20)), absl::OkStatus())
        << any.DebugString();
  }
}

TEST_F(ImpersonationTest, ABaseWithoutATokenIsRefused) {
  EXPECT_EQ(ImpersonatedCredentials(*ApiKeyCredentials(cloud_->api_key()),
                                    kRobot, Options())
                .status(),
            absl::InvalidArgumentError(
                "ImpersonatedAuth: base: is ApiKeyAuth, but IAM takes IAM "
                "tokens only; pass credentials that have one, such as "
                "ServiceAccountKeyCredentials"));
  EXPECT_THAT(
      MessageOf(
          ImpersonatedCredentials(NoCredentials(), kRobot, Options()).status()),
      HasSubstr("base: is NoAuth"));
  EXPECT_EQ(cloud_->iam().requests(), 0);
}

TEST_F(ImpersonationTest, WhatTheBaseForbidsIsForbidden) {
  const Credentials base = Base();
  EXPECT_THAT(
      MessageOf(ImpersonatedCredentials(base.WithAllowedHosts({"example.com"}),
                                        kRobot, Options())
                    .status()),
      HasSubstr("not one of the hosts that WithAllowedHosts names"));
  EXPECT_EQ(ImpersonatedCredentials(base.WithFolderId("a b"), kRobot, Options())
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  const auto allowed = ImpersonatedCredentials(
      base.WithAllowedHosts({cloud_->iam_endpoint()}), kRobot, Options());
  ASSERT_TRUE(allowed.ok()) << allowed.status();
  EXPECT_EQ(allowed->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
}

TEST_F(ImpersonationTest, BadArgumentsAreRefused) {
  const Credentials base = Base();
  for (const std::string& id :
       {std::string(), std::string("a b"), std::string("aje\n"),
        std::string(51, 'a'), cloud_->oauth_token()}) {
    EXPECT_EQ(ImpersonatedCredentials(base, id, Options()).status(),
              absl::InvalidArgumentError(
                  "ImpersonatedAuth: service_account_id: is not the id of a "
                  "service account; pass it as the console shows it, such as "
                  "aje..."));
  }
  IamOptions options = Options();
  options.endpoint = "https://iam";
  EXPECT_THAT(
      MessageOf(ImpersonatedCredentials(base, kRobot, options).status()),
      HasSubstr("IamOptions::endpoint: holds a scheme"));
}

TEST_F(ImpersonationTest, AMissingRoleIsNamed) {
  const grpc::Status status =
      Call(Connect(*cloud_, Make(Base(), "ajesomebody")));
  const absl::Status error = CredentialsError(status);
  EXPECT_EQ(error.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(MessageOf(error),
              MatchesRegex("ImpersonatedAuth: localhost:[0-9]+: Permission "
                           "denied \\[request id [-0-9a-f]+\\]; give the "
                           "account of the base credentials the role "
                           "iam.serviceAccounts.tokenCreator on the service "
                           "account or its folder"));
  cloud_->iam().AllowImpersonation("ajesomebody");
}

TEST_F(ImpersonationTest, AServiceAccountThatDoesNotExistIsNamed) {
  const Credentials base = Base();
  ASSERT_EQ(base.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  cloud_->iam().FailAlways({grpc::StatusCode::NOT_FOUND, "no such account"});
  const absl::Status error = Make(base).WaitUntilReady(absl::Seconds(20));
  EXPECT_EQ(error.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(error), HasSubstr("; check service_account_id"));
}

TEST_F(ImpersonationTest, TheBasesErrorIsTheError) {
  cloud_->iam().FailAlways(
      {grpc::StatusCode::UNAUTHENTICATED, "The key was deleted"});
  const Credentials base = Base();
  const Credentials robot = Make(base);
  const absl::Status error = CredentialsError(Call(Connect(*cloud_, robot)));
  EXPECT_EQ(error.code(), absl::StatusCode::kUnauthenticated) << error;
  EXPECT_THAT(MessageOf(error),
              MatchesRegex("ImpersonatedAuth: base ServiceAccountKeyAuth\\{.*"
                           "\\}: localhost:[0-9]+: The key was deleted .*; "
                           "check that the key exists.*"));
}

TEST_F(ImpersonationTest, ABaseThatIsLateIsWaitedFor) {
  cloud_->iam().Hang(true);
  const Credentials robot = Make(Base());
  std::thread iam([&] {
    EXPECT_TRUE(WaitUntil([&] { return cloud_->iam().requests() == 1; }));
    cloud_->iam().Hang(false);
  });
  const grpc::Status status = Call(Connect(*cloud_, robot));
  iam.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ImpersonationTest, ABaseThatHangsHoldsUpNoCallForLongerThanTheTimeout) {
  cloud_->iam().Hang(true);
  IamOptions options = Options();
  options.refresh.fetch_timeout = absl::Milliseconds(300);
  const auto robot = ImpersonatedCredentials(Base(), kRobot, options);
  ASSERT_TRUE(robot.ok()) << robot.status();
  const absl::Time start = absl::Now();
  EXPECT_FALSE(Call(Connect(*cloud_, *robot)).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  cloud_->iam().Hang(false);
}

TEST_F(ImpersonationTest, DroppedCredentialsLetGoOfABaseThatHangs) {
  cloud_->iam().Hang(true);
  {
    const Credentials robot = Make(Base());
    EXPECT_TRUE(WaitUntil([&] { return cloud_->iam().requests() == 1; }));
    EXPECT_THAT(registry_->Snapshot(), SizeIs(2));
  }
  EXPECT_TRUE(WaitUntil([&] { return registry_->Snapshot().empty(); }));
  cloud_->iam().Hang(false);
}

TEST_F(ImpersonationTest, ARefusedHeaderIsReportedToTheBaseWhichMakesAnother) {
  const Credentials base = Base();
  ASSERT_EQ(base.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  cloud_->iam().RevokeAllTokens();
  const Credentials robot = Make(base);
  const grpc::Status status = Call(Connect(*cloud_, robot));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(base.stats().rejections, 1);
  EXPECT_EQ(base.stats().refreshes, 2);
  EXPECT_EQ(robot.stats().failures, 1);
}

TEST_F(ImpersonationTest, ABaseThatHasNoOtherHeaderIsTheEnd) {
  const Credentials key = Base();
  ASSERT_EQ(key.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  const Credentials base = *IamTokenCredentials(cloud_->iam().last_token());
  cloud_->iam().RevokeAllTokens();
  const absl::Status error = Make(base).WaitUntilReady(absl::Seconds(20));
  EXPECT_EQ(error.code(), absl::StatusCode::kUnauthenticated) << error;
  EXPECT_THAT(MessageOf(error),
              HasSubstr("check the base credentials: IAM refused their token"));
}

TEST_F(ImpersonationTest, EqualCredentialsShareAndOthersDoNot) {
  const Credentials base = Base();
  cloud_->iam().AllowImpersonation("ajeother");
  const Credentials robot = Make(base);
  const Credentials same = Make(Base());
  EXPECT_EQ(robot.call_credentials(), same.call_credentials());
  EXPECT_NE(robot.call_credentials(),
            Make(base, "ajeother").call_credentials());

  // The same key, in another registry: looks equal, but is not.
  IamOptions options = Options();
  options.refresh.registry = ProviderRegistry::Create();
  const Credentials twin = *ServiceAccountKeyCredentials(
      cloud_->service_account_key_json(), options);
  EXPECT_EQ(twin.DebugString(), base.DebugString());
  const Credentials other = Make(twin);
  EXPECT_NE(robot.call_credentials(), other.call_credentials());
  for (const Credentials& credentials : {robot, same, other}) {
    EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  }
}

TEST_F(ImpersonationTest, ChainsOfThreeComeUpSixteenAtOnce) {
  std::vector<Credentials> ends;
  for (int i = 0; i < 16; ++i) {
    const std::string first = absl::StrCat("ajefirst", i);
    const std::string second = absl::StrCat("ajesecond", i);
    cloud_->iam().AllowImpersonation(first);
    cloud_->iam().AllowImpersonation(second);
    const auto base = ServiceAccountKeyCredentials(
        cloud_->iam().AddServiceAccount(absl::StrCat("ajebase", i)), Options());
    ASSERT_TRUE(base.ok()) << base.status();
    ends.push_back(Make(Make(*base, first), second));
  }
  EXPECT_THAT(registry_->Snapshot(), SizeIs(48));
  for (const Credentials& end : ends) {
    EXPECT_EQ(end.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  }
  EXPECT_EQ(cloud_->iam().requests(), 48);
  EXPECT_TRUE(Call(Connect(*cloud_, ends[15])).ok());
}

TEST(ImpersonationTimeTest, TokensAreRenewedWithTheBasesNewestHeader) {
  const auto clock = std::make_shared<ManualClock>();
  EventLog events;
  testing::FakeCloud::Options cloud_options;
  cloud_options.clock = clock;
  const auto cloud = StartCloud(cloud_options);
  cloud->iam().AllowImpersonation(kRobot);
  IamOptions options = cloud->iam_options();
  options.refresh.registry =
      ProviderRegistry::Create({clock, events.callback()});
  const auto robot = ImpersonatedCredentials(
      *ServiceAccountKeyCredentials(cloud->service_account_key_json(), options),
      kRobot, options);
  ASSERT_TRUE(robot.ok()) << robot.status();
  for (std::size_t successes = 2; successes <= 40; successes += 2) {
    ASSERT_TRUE(events.WaitForSuccesses(successes));
    EXPECT_TRUE(Call(Connect(*cloud, *robot)).ok());
    clock->Advance(absl::Hours(1));
  }
  EXPECT_EQ(cloud->ai_studio().refused(), 0);
}

}  // namespace
}  // namespace aistudio::auth
