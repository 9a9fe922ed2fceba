// What the tests of the exchange at IAM have in common.

#ifndef AISTUDIO_AUTH_TESTS_IAM_TESTING_H_
#define AISTUDIO_AUTH_TESTS_IAM_TESTING_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "gtest/gtest.h"
#include "src/io/iam_stub.h"
#include "src/sources/iam_exchange.h"

namespace aistudio::auth::internal {

// A version 4 UUID.
inline constexpr char kRequestId[] =
    "[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+";

inline std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

// Sources that ask a cloud of their own, in its own time.
class IamExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::FakeCloud::Options options;
    options.clock = clock_;
    auto cloud = testing::FakeCloud::Start(std::move(options));
    ASSERT_TRUE(cloud.ok()) << cloud.status();
    cloud_ = *std::move(cloud);
  }

  testing::FakeIam& iam() { return cloud_->iam(); }

  std::unique_ptr<IamStub> StubTo(const std::string& endpoint) {
    return std::make_unique<IamStub>(endpoint, cloud_->ssl());
  }

  OAuthTokenSource OAuth(const std::string& endpoint) {
    return OAuthTokenSource(Secret(cloud_->oauth_token()), StubTo(endpoint),
                            clock_);
  }
  OAuthTokenSource OAuth() { return OAuth(cloud_->iam_endpoint()); }

  ServiceAccountTokenSource ServiceAccount(std::string audience = "") {
    std::string json = cloud_->service_account_key_json();
    auto key = ServiceAccountKey::Parse(json);
    EXPECT_TRUE(key.ok()) << key.status();
    return ServiceAccountTokenSource(*std::move(key), std::move(audience),
                                     StubTo(cloud_->iam_endpoint()), clock_);
  }

  absl::Time Soon() const { return clock_->Now() + absl::Seconds(20); }

  const std::shared_ptr<testing::ManualClock> clock_ =
      std::make_shared<testing::ManualClock>();
  std::unique_ptr<testing::FakeCloud> cloud_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_TESTS_IAM_TESTING_H_
