// Credentials::With...: what is put on top of a token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "tests/auth_testing.h"
#include "tests/plugin_testing.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsWithTest : public ::testing::Test {
 protected:
  Credentials KeyCredentials() {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    return *ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                         options);
  }

  Credentials ApiKey() { return *ApiKeyCredentials(cloud_->api_key()); }

  // The values of x-folder-id of all calls that came in.
  std::vector<std::string> FolderIds() {
    std::vector<std::string> ids;
    for (const auto& call : cloud_->ai_studio().calls()) {
      const auto range = call.metadata.equal_range("x-folder-id");
      for (auto it = range.first; it != range.second; ++it) {
        ids.push_back(it->second);
      }
    }
    return ids;
  }

  // A With... that cannot work shows in status() and in calls, before anything
  // is sent.
  void ExpectMisuse(const Credentials& credentials, const std::string& where) {
    const absl::Status status = credentials.status();
    ExpectBadInput(status, "ApiKeyAuth", cloud_->api_key());
    EXPECT_THAT(std::string(status.message()), HasSubstr(": " + where + ": "));
    EXPECT_EQ(credentials.AuthorizationHeader().status(), status);
    EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(10)), status);
    const grpc::Status call = Call(Connect(*cloud_, credentials));
    EXPECT_EQ(call.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(CredentialsError(call), status);
    EXPECT_TRUE(cloud_->ai_studio().calls().empty());
  }

  std::shared_ptr<ProviderRegistry> registry_ = ProviderRegistry::Create();
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
};

TEST_F(CredentialsWithTest, AFolderIdIsSentBesideTheHeader) {
  const Credentials base = ApiKey();
  const Credentials folder = base.WithFolderId(" b1gfolder\n");
  EXPECT_TRUE(Call(Connect(*cloud_, folder)).ok());
  EXPECT_TRUE(Call(Connect(*cloud_, base)).ok());
  EXPECT_TRUE(Call(Connect(*cloud_, folder.WithFolderId("b1gother"))).ok());
  EXPECT_THAT(FolderIds(), ElementsAre("b1gfolder", "b1gother"));
  EXPECT_EQ(folder.DebugString(), "ApiKeyAuth{folder_id=b1gfolder}");
  EXPECT_EQ(base.DebugString(), "ApiKeyAuth{}");
}

TEST_F(CredentialsWithTest, NoCredentialsCanNameAFolder) {
  cloud_->ai_studio().AllowAnonymous(true);
  EXPECT_TRUE(Call(Connect(*cloud_, NoCredentials().WithFolderId("b1g"))).ok());
  EXPECT_THAT(FolderIds(), ElementsAre("b1g"));
}

TEST_F(CredentialsWithTest, AnIllegalFolderIdIsToldAndNothingIsSent) {
  for (const std::string& id :
       {std::string(), std::string(" "), std::string("b1g\nfolder"),
        std::string("b1g folder"), std::string("b1g\x01"),
        std::string("b1g\xD0\x96"), std::string(101, 'b'),
        "Bearer " + cloud_->api_key()}) {
    const Credentials credentials = ApiKey().WithFolderId(id);
    ExpectMisuse(credentials, "WithFolderId");
    EXPECT_THAT(std::string(credentials.status().message()),
                Not(HasSubstr("secret")));
    EXPECT_EQ(credentials.DebugString(), "ApiKeyAuth{}");
  }
}

TEST_F(CredentialsWithTest, AHostThatIsNotNamedGetsNothing) {
  const std::string endpoint = cloud_->ai_studio_endpoint();
  for (const std::vector<std::string>& hosts :
       {std::vector<std::string>{},
        {"localhost"},
        {"localhost:1"},
        {"llm.api.cloud.yandex.net"},
        {"*." + endpoint},
        {"xlocalhost" + endpoint.substr(9)}}) {
    const Credentials credentials = ApiKey().WithAllowedHosts(hosts);
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    const absl::Status reason = CredentialsError(status);
    EXPECT_EQ(reason.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_TRUE(HasForm(reason, "ApiKeyAuth"));
    EXPECT_THAT(std::string(reason.message()), HasSubstr(endpoint));
    EXPECT_TRUE(cloud_->ai_studio().calls().empty());
    // It is the call that is wrong, not the credentials.
    EXPECT_EQ(credentials.status(), absl::OkStatus());
  }
}

TEST_F(CredentialsWithTest, ANamedHostGetsTheHeader) {
  const std::string endpoint = cloud_->ai_studio_endpoint();
  for (const std::vector<std::string>& hosts :
       {std::vector<std::string>{endpoint},
        {"LocalHost" + endpoint.substr(9)},
        {"elsewhere", "*.elsewhere:1", endpoint}}) {
    const Credentials credentials = ApiKey().WithAllowedHosts(hosts);
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

TEST_F(CredentialsWithTest, HostsMatchByNameAndPort) {
  struct Case {
    std::string entry;
    std::string authority;
    bool allowed;
  };
  const Case kCases[] = {
      {"llm.api.cloud.yandex.net", "llm.api.cloud.yandex.net", true},
      {"llm.api.cloud.yandex.net", "llm.api.cloud.yandex.net:443", true},
      {"llm.api.cloud.yandex.net:443", "llm.api.cloud.yandex.net", true},
      {"LLM.api.Cloud.yandex.NET", "llm.API.cloud.yandex.net", true},
      {"llm.api.cloud.yandex.net", "llm.api.cloud.yandex.net:8443", false},
      {"llm.api.cloud.yandex.net:8443", "llm.api.cloud.yandex.net:8443", true},
      {"llm.api.cloud.yandex.net:8443", "llm.api.cloud.yandex.net", false},
      {"llm.api.cloud.yandex.net", "evil-llm.api.cloud.yandex.net", false},
      {"llm.api.cloud.yandex.net", "llm.api.cloud.yandex.net.evil", false},
      {"llm.api.cloud.yandex.net", "x.llm.api.cloud.yandex.net", false},
      {"*.api.cloud.yandex.net", "llm.api.cloud.yandex.net", true},
      {"*.API.cloud.yandex.net", "a.b.API.cloud.yandex.net:443", true},
      {"*.api.cloud.yandex.net", "api.cloud.yandex.net", false},
      {"*.api.cloud.yandex.net", "evilapi.cloud.yandex.net", false},
      {"*.api.cloud.yandex.net", "llm.api.cloud.yandex.net:1", false},
      {"*.api.cloud.yandex.net:1", "llm.api.cloud.yandex.net:1", true},
      {"[::1]:8443", "[::1]:8443", true},
      {"[::1]", "[::1]:8443", false},
      {"[::1]", "[::1]", true},
      {"127.0.0.1", "127.0.0.1", true},
      {"llm.api.cloud.yandex.net", "", false},
  };
  for (const Case& test : kCases) {
    const auto plugin = ApiKey().WithAllowedHosts({test.entry}).MakePlugin();
    Metadata metadata;
    const grpc::Status status = GetMetadata(
        *plugin, &metadata, "https://" + test.authority + "/pkg.Service");
    EXPECT_EQ(status.ok(), test.allowed) << test.entry << ", " << test.authority
                                         << ": " << status.error_message();
    EXPECT_EQ(metadata.size(), test.allowed ? 1u : 0u);
  }
}

TEST_F(CredentialsWithTest, EntriesThatAreNoHostsAreTold) {
  for (const std::string entry :
       {"https://localhost", "localhost/path", "", " localhost", "local host",
        "*", "localhost:*", "user@localhost", "localhost\n", "l\xD0\x96",
        ":443"}) {
    const Credentials credentials = ApiKey().WithAllowedHosts({"good", entry});
    ExpectMisuse(credentials, "WithAllowedHosts");
  }
  const Credentials leaky =
      ApiKey().WithAllowedHosts({"Bearer " + cloud_->api_key()});
  ExpectMisuse(leaky, "WithAllowedHosts");
  EXPECT_EQ(RunOf(cloud_->api_key(), leaky.DebugString(), 8), "");
}

TEST_F(CredentialsWithTest, TheyComposeAndShareOneToken) {
  const Credentials base = KeyCredentials();
  const Credentials all = base.WithMinRemaining(absl::Minutes(5))
                              .WithAllowedHosts({cloud_->ai_studio_endpoint()})
                              .WithFolderId("b1gall");
  for (const Credentials& credentials :
       {base, base.WithFolderId("b1g"), all, all.WithFolderId("b1gnew"),
        base.WithAllowedHosts({"*.elsewhere", cloud_->ai_studio_endpoint()})}) {
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_THAT(FolderIds(), ElementsAre("b1g", "b1gall", "b1gnew"));
  EXPECT_EQ(registry_->Snapshot().size(), 1u);
  EXPECT_EQ(cloud_->iam().requests(), 1);
  EXPECT_THAT(all.DebugString(),
              HasSubstr(", folder_id=b1gall, allowed_hosts=" +
                        cloud_->ai_studio_endpoint() + ", min_remaining=5m}"));
  // What was restricted stays so.
  EXPECT_FALSE(Call(Connect(*cloud_, all.WithAllowedHosts({}))).ok());
}

TEST_F(CredentialsWithTest, AMinimumThatNoTokenHasIsTold) {
  cloud_->iam().SetTokenLifetime(absl::Seconds(10));
  const Credentials base = KeyCredentials();
  const Credentials picky = base.WithMinRemaining(absl::Hours(1));
  const grpc::Status status = Call(Connect(*cloud_, picky));
  const absl::Status reason = CredentialsError(status);
  EXPECT_EQ(reason.code(), absl::StatusCode::kFailedPrecondition) << reason;
  EXPECT_TRUE(HasForm(reason, "ServiceAccountKeyAuth"));
  EXPECT_THAT(std::string(reason.message()),
              HasSubstr("less than the 1h that WithMinRemaining asks for"));
  EXPECT_EQ(picky.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(picky.WaitUntilReady(absl::Seconds(10)).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(cloud_->ai_studio().accepted(), 0);
  EXPECT_TRUE(Call(Connect(*cloud_, base)).ok());
}

TEST_F(CredentialsWithTest, AMinimumThatTokensHaveIsKept) {
  cloud_->iam().SetTokenLifetime(absl::Hours(1));
  const Credentials picky =
      KeyCredentials().WithMinRemaining(absl::Minutes(30));
  const grpc::Status status = Call(Connect(*cloud_, picky));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(picky.status(), absl::OkStatus());
  EXPECT_LT(picky.stats().next_attempt, absl::Now() + absl::Minutes(30));
}

TEST_F(CredentialsWithTest, ANegativeMinimumIsTold) {
  ExpectMisuse(ApiKey().WithMinRemaining(-absl::Nanoseconds(1)),
               "WithMinRemaining");
  ExpectMisuse(ApiKey().WithMinRemaining(-absl::InfiniteDuration()),
               "WithMinRemaining");
  EXPECT_EQ(ApiKey().WithMinRemaining(absl::ZeroDuration()).status(),
            absl::OkStatus());
}

TEST_F(CredentialsWithTest, TheFirstFaultIsTheOneThatIsTold) {
  const Credentials credentials =
      ApiKey().WithFolderId("").WithMinRemaining(-absl::Seconds(1));
  ExpectMisuse(credentials.WithAllowedHosts({"*"}), "WithFolderId");
  ExpectMisuse(credentials.WithFolderId("b1g"), "WithFolderId");
}

}  // namespace
}  // namespace aistudio::auth
