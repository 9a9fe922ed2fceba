// Who shares a provider, a token, a connection.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

class SharingTest : public ::testing::Test {
 protected:
  IamOptions Options() {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    return options;
  }

  Credentials KeyCredentials(const std::string& key, IamOptions options) {
    auto credentials = ServiceAccountKeyCredentials(key, std::move(options));
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  std::shared_ptr<ProviderRegistry> registry_ = ProviderRegistry::Create();
};

TEST_F(SharingTest, FiftyChannelsOfEqualCredentialsMakeOneOfEverything) {
  std::vector<Credentials> handles;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::set<grpc::CallCredentials*> call_credentials;
  std::set<grpc::ChannelCredentials*> channel_credentials;
  for (int i = 0; i < 50; ++i) {
    handles.push_back(
        KeyCredentials(cloud_->service_account_key_json(), Options()));
    channels.push_back(Connect(*cloud_, handles.back()));
    call_credentials.insert(handles.back().call_credentials().get());
    channel_credentials.insert(
        handles.back().channel_credentials(cloud_->ssl()).get());
  }
  for (const auto& channel : channels) EXPECT_TRUE(Call(channel).ok());
  EXPECT_EQ(registry_->Snapshot().size(), 1u);
  EXPECT_EQ(cloud_->iam().requests(), 1);
  EXPECT_EQ(call_credentials.size(), 1u);
  EXPECT_EQ(channel_credentials.size(), 1u);
}

// Python SDK defect D13: two clients fetch twice, and race.
TEST_F(SharingTest, EqualFactoryCallsAtTheSameTimeMakeOneProvider) {
  const std::string key = cloud_->service_account_key_json();
  const IamOptions options = Options();
  std::vector<std::unique_ptr<Credentials>> handles(16);
  std::vector<std::thread> threads;
  for (auto& handle : handles) {
    threads.emplace_back([&] {
      handle = std::make_unique<Credentials>(KeyCredentials(key, options));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& handle : handles) {
    EXPECT_EQ(handle->WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
    EXPECT_EQ(handle->call_credentials(), handles[0]->call_credentials());
  }
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(SharingTest, WhateverMakesADifferenceMakesAnotherProvider) {
  const std::string key = cloud_->service_account_key_json();
  IamOptions other_options = Options();
  other_options.refresh.max_age = absl::Minutes(10);
  IamOptions other_audience = Options();
  other_audience.jwt_audience = "https://elsewhere/iam/v1/tokens";
  const std::vector<Credentials> handles = {
      KeyCredentials(key, Options()),
      KeyCredentials(key, other_options),
      KeyCredentials(key, other_audience),
      KeyCredentials(cloud_->iam().AddServiceAccount("ajeother"), Options()),
      *OAuthTokenCredentials(cloud_->oauth_token(), Options()),
  };
  EXPECT_EQ(registry_->Snapshot().size(), handles.size());

  IamOptions other_registry = Options();
  other_registry.refresh.registry = ProviderRegistry::Create();
  const Credentials elsewhere = KeyCredentials(key, other_registry);
  EXPECT_EQ(registry_->Snapshot().size(), handles.size());
}

TEST_F(SharingTest, HandlesThatSendTheSameShareGrpcsObjects) {
  const Credentials credentials =
      KeyCredentials(cloud_->service_account_key_json(), Options());
  const Credentials folder = credentials.WithFolderId("b1g");
  EXPECT_NE(folder.call_credentials(), credentials.call_credentials());
  EXPECT_EQ(folder.call_credentials(),
            credentials.WithFolderId("b1g").call_credentials());
  EXPECT_NE(folder.call_credentials(),
            credentials.WithFolderId("b1h").call_credentials());
  EXPECT_EQ(registry_->Snapshot().size(), 1u);
}

TEST_F(SharingTest, StaticMethodsHaveNoThreadAndNoRegistryEntry) {
  const std::size_t before = CountThreads();
  const auto api_key = ApiKeyCredentials("AQVN-static");
  const auto token = IamTokenCredentials("t1.static");
  const auto variable = EnvIamTokenCredentials("SHARING_TEST_TOKEN");
  const Credentials none = NoCredentials();
  EXPECT_EQ(api_key->status(), absl::OkStatus());
  EXPECT_EQ(token->WaitUntilReady(absl::ZeroDuration()), absl::OkStatus());
  EXPECT_EQ(none.status(), absl::OkStatus());
  EXPECT_FALSE(variable->status().ok());
  EXPECT_EQ(CountThreads(), before);
  EXPECT_TRUE(ProviderRegistry::Default()->Snapshot().empty());
  EXPECT_EQ(api_key->call_credentials(),
            ApiKeyCredentials("AQVN-static")->call_credentials());
}

TEST_F(SharingTest, AThousandProvidersNeedNoMoreThreadsThanAHandful) {
  const IamOptions options = Options();
  const Credentials first = *OAuthTokenCredentials("first", options);
  const std::size_t with_one = CountThreads();
  std::vector<Credentials> handles;
  std::size_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = "many-" + std::to_string(i);
    cloud_->iam().AddOAuthToken(token);
    handles.push_back(*OAuthTokenCredentials(token, options));
    most = std::max(most, CountThreads());
  }
  for (const Credentials& handle : handles) {
    EXPECT_EQ(handle.WaitUntilReady(absl::Minutes(2)), absl::OkStatus());
    most = std::max(most, CountThreads());
  }
  // Its own are a refresher and up to five that fetch; a fetch on a loaded
  // machine may be slow and be joined by another.
  EXPECT_LE(most, with_one + 12);
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1000);
}

TEST_F(SharingTest, DroppedCredentialsAreForgotten) {
  {
    const Credentials credentials =
        KeyCredentials(cloud_->service_account_key_json(), Options());
    ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
    EXPECT_EQ(registry_->Snapshot().size(), 1u);
  }
  EXPECT_TRUE(registry_->Snapshot().empty());
}

TEST_F(SharingTest, AChannelKeepsItsCredentialsAlive) {
  std::shared_ptr<grpc::Channel> channel;
  {
    const Credentials credentials =
        KeyCredentials(cloud_->service_account_key_json(), Options());
    channel = Connect(*cloud_, credentials);
  }
  registry_ = nullptr;
  EXPECT_TRUE(Call(channel).ok());
}

}  // namespace
}  // namespace aistudio::auth
