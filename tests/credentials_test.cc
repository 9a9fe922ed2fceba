// What each method sends, and what it is called.

#include "aistudio/auth/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aistudio/auth/testing/scoped_env.h"
#include "tests/auth_testing.h"
#include "tests/function_source.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::ScopedEnv;

constexpr char kVariable[] = "AISTUDIO_AUTH_CREDENTIALS_TEST";

TEST(CredentialsTest, HeadersAreExactAndWhiteSpaceAroundSecretsIsTrimmed) {
  for (const std::string end : {"", "\n", "\r\n", " \t\n"}) {
    EXPECT_EQ(*ApiKeyCredentials("key-1" + end)->AuthorizationHeader(),
              "Api-Key key-1");
    EXPECT_EQ(*IamTokenCredentials("\n t1.x=" + end)->AuthorizationHeader(),
              "Bearer t1.x=");
    const ScopedEnv variable(kVariable, "t1.env" + end);
    EXPECT_EQ(*EnvIamTokenCredentials(kVariable)->AuthorizationHeader(),
              "Bearer t1.env");
  }
}

TEST(CredentialsTest, TokensOfSourcesAreTrimmed) {
  const auto credentials = TokenSourceCredentials(MakeSource([] {
    return Token{"\tt1.source\r\n", absl::InfiniteFuture()};
  }));
  ASSERT_EQ(credentials->WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  EXPECT_EQ(*credentials->AuthorizationHeader(), "Bearer t1.source");
}

// Of the calls that came in, the headers of this name.
std::vector<std::string> Sent(const testing::FakeCloud& cloud,
                              const std::string& name) {
  std::vector<std::string> values;
  for (const auto& call :
       const_cast<testing::FakeCloud&>(cloud).ai_studio().calls()) {
    const auto range = call.metadata.equal_range(name);
    for (auto it = range.first; it != range.second; ++it) {
      values.push_back(it->second);
    }
  }
  return values;
}

class CredentialsCloudTest : public ::testing::Test {
 protected:
  IamOptions Options() {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    return options;
  }

  // A token that the cloud accepts.
  std::string NewToken() {
    IamOptions options = Options();
    options.refresh.registry = ProviderRegistry::Create();
    const auto credentials =
        OAuthTokenCredentials(cloud_->oauth_token(), options);
    EXPECT_EQ(credentials->WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
    return credentials->AuthorizationHeader()->substr(7);
  }

  std::shared_ptr<ProviderRegistry> registry_ = ProviderRegistry::Create();
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
};

TEST_F(CredentialsCloudTest, AnApiKeyIsSentWithItsScheme) {
  const auto credentials = ApiKeyCredentials(cloud_->api_key() + "\r\n");
  EXPECT_TRUE(Call(Connect(*cloud_, *credentials)).ok());
  EXPECT_THAT(Sent(*cloud_, "authorization"),
              ::testing::ElementsAre("Api-Key " + cloud_->api_key()));
}

TEST_F(CredentialsCloudTest, TheVariableIsReadForEveryCall) {
  const std::string first = NewToken();
  const std::string second = NewToken();
  const auto credentials = EnvIamTokenCredentials(kVariable);
  const auto channel = Connect(*cloud_, *credentials);
  {
    const ScopedEnv variable(kVariable, first);
    EXPECT_TRUE(Call(channel).ok());
  }
  {
    const ScopedEnv variable(kVariable, second + "\n");
    EXPECT_TRUE(Call(channel).ok());
  }
  EXPECT_THAT(Sent(*cloud_, "authorization"),
              ::testing::ElementsAre("Bearer " + first, "Bearer " + second));
}

// Python SDK defect D10: a variable that is gone throws KeyError,
// an empty one is sent.
TEST_F(CredentialsCloudTest, AVariableThatCannotBeSentFailsCallsUntilItCan) {
  const std::string token = NewToken();
  const auto credentials = EnvIamTokenCredentials(kVariable);
  const auto channel = Connect(*cloud_, *credentials);
  const std::optional<std::string> kFaults[] = {
      std::nullopt,   "",
      " \n",          token + "\nx",
      token + " x",   token + "\xD0\x96",
      token + "\x01", std::string(7169, 'a')};
  for (const auto& fault : kFaults) {
    {
      const ScopedEnv variable(kVariable, fault);
      const grpc::Status status = Call(channel);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
      const absl::Status reason = CredentialsError(status);
      EXPECT_EQ(reason.code(), absl::StatusCode::kUnauthenticated);
      EXPECT_EQ(credentials->status(), reason);
      EXPECT_TRUE(HasForm(reason, "EnvIamTokenAuth"));
      EXPECT_THAT(std::string(reason.message()), HasSubstr(kVariable));
      EXPECT_EQ(RunOf(token, reason.ToString(), 8), "");
      EXPECT_FALSE(credentials->stats().has_token);
    }
    const ScopedEnv variable(kVariable, token);
    EXPECT_TRUE(Call(channel).ok());
    EXPECT_TRUE(credentials->stats().has_token);
  }
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
}

TEST_F(CredentialsCloudTest, NoCredentialsSendNothing) {
  cloud_->ai_studio().AllowAnonymous(true);
  const Credentials none = NoCredentials();
  EXPECT_TRUE(Call(Connect(*cloud_, none)).ok());
  EXPECT_EQ(cloud_->ai_studio().accepted(), 1);
  EXPECT_TRUE(Sent(*cloud_, "authorization").empty());
  EXPECT_TRUE(Sent(*cloud_, "x-folder-id").empty());
  EXPECT_EQ(*none.AuthorizationHeader(), "");
  EXPECT_EQ(none.status(), absl::OkStatus());
  EXPECT_EQ(none.WaitUntilReady(absl::ZeroDuration()), absl::OkStatus());
}

TEST_F(CredentialsCloudTest, EachMethodIsNamedAfterItsClass) {
  struct Case {
    Credentials credentials;
    std::string type;
    std::string pattern;  // of what is in the braces
  };
  const std::string endpoint = "endpoint=localhost:[0-9]+";
  const Case kCases[] = {
      {*ApiKeyCredentials(cloud_->api_key()), "ApiKeyAuth", ""},
      {*IamTokenCredentials("t1.named"), "IamTokenAuth", ""},
      {*EnvIamTokenCredentials(), "EnvIamTokenAuth", "variable=YC_TOKEN"},
      {NoCredentials(), "NoAuth", ""},
      {*OAuthTokenCredentials(cloud_->oauth_token(), Options()),
       "OAuthTokenAuth", endpoint},
      {*ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                     Options()),
       "ServiceAccountKeyAuth",
       "service_account=aje[a-z0-9]+, key=aje[a-z0-9]+, " + endpoint},
      {*TokenSourceCredentials(
           MakeSource([] { return absl::UnavailableError("none"); }, "mine"),
           Options().refresh),
       "TokenSourceAuth", "mine"},
  };
  for (const auto& [credentials, type, pattern] : kCases) {
    const auto plugin = credentials.MakePlugin();
    EXPECT_STREQ(plugin->GetType(), type.c_str());
    EXPECT_EQ(plugin->DebugString(), credentials.DebugString());
    EXPECT_THAT(credentials.DebugString(),
                MatchesRegex(type + "[{]" + pattern + "[}]"));
    EXPECT_EQ(credentials.stats().method, type);
    EXPECT_THAT(credentials.stats().provider, MatchesRegex(pattern));
    EXPECT_THAT(std::string(credentials.call_credentials()->DebugString()),
                HasSubstr(credentials.DebugString()));
  }
}

}  // namespace
}  // namespace aistudio::auth
