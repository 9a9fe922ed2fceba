#include "src/sources/iam_exchange.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio_auth/iam.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "tests/iam_testing.h"

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

using ::aistudio::auth::testing::FakeIam;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr char kMethod[] = "/yandex.cloud.iam.v1.IamTokenService/Create";

TEST_F(IamExchangeTest, ExchangesOAuthToken) {
  OAuthTokenSource source = OAuth();
  const auto token = source.Fetch(Soon());
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->value, iam().last_token());
  EXPECT_EQ(token->expires_at, clock_->Now() + absl::Hours(12));
  EXPECT_EQ(source.DebugString(), "endpoint=" + cloud_->iam_endpoint());

  iam().SetTokenLifetime(absl::Minutes(10));
  const auto next = source.Fetch(Soon());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->expires_at, clock_->Now() + absl::Minutes(10));
}

TEST_F(IamExchangeTest, ExchangesJwtMadeForEachAttempt) {
  ServiceAccountTokenSource source = ServiceAccount();
  for (int i = 0; i < 2; ++i) {
    const auto token = source.Fetch(Soon());
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_EQ(token->value, iam().last_token());
    clock_->Advance(absl::Hours(2));  // a JWT is dead after one
  }
  EXPECT_THAT(source.DebugString(),
              MatchesRegex("service_account=[A-Za-z0-9_-]+, "
                           "key=[A-Za-z0-9_-]+, endpoint=localhost:[0-9]+"));
}

TEST_F(IamExchangeTest, UsesGivenAudience) {
  iam().SetJwtAudience("https://private.example/tokens");
  EXPECT_EQ(ServiceAccount().Fetch(Soon()).status().code(),
            absl::StatusCode::kUnauthenticated);
  ServiceAccountTokenSource source =
      ServiceAccount("https://private.example/tokens");
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeTest, JudgesAnswers) {
  ServiceAccountTokenSource source = ServiceAccount();
  const auto fetch = [&](FakeIam::Answer answer) {
    iam().SetAnswer(answer);
    return source.Fetch(Soon());
  };
  const absl::Time now = clock_->Now();

  const auto none = fetch(FakeIam::Answer::kNoToken);
  EXPECT_EQ(none.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(MessageOf(none.status()),
            cloud_->iam_endpoint() +
                ": the answer holds no token; check that IamOptions::endpoint "
                "is a token service of Yandex Cloud");

  const auto illegal = fetch(FakeIam::Answer::kIllegalBytes);
  ASSERT_TRUE(illegal.ok()) << illegal.status();  // left to the core
  EXPECT_THAT(illegal->value, HasSubstr("\n"));

  const auto no_expiry = fetch(FakeIam::Answer::kNoExpiry);
  ASSERT_TRUE(no_expiry.ok()) << no_expiry.status();
  EXPECT_EQ(no_expiry->expires_at, now + absl::Hours(1));

  const auto past = fetch(FakeIam::Answer::kExpiryInThePast);
  ASSERT_TRUE(past.ok()) << past.status();
  EXPECT_EQ(past->expires_at, now - absl::Hours(1));

  const auto far = fetch(FakeIam::Answer::kExpiryFarFuture);
  ASSERT_TRUE(far.ok()) << far.status();
  EXPECT_EQ(far->expires_at, now + absl::Hours(12));

  const auto good = fetch(FakeIam::Answer::kGood);
  ASSERT_TRUE(good.ok()) << good.status();
  const auto same = fetch(FakeIam::Answer::kSameTokenAgain);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->value, good->value);
}

// Answers that no IAM gives, from AI Studio's fake, which says what it is told.
class OddAnswerTest : public IamExchangeTest {
 protected:
  absl::StatusOr<Token> FetchFrom(std::string response) {
    testing::FakeAiStudio::MethodBehavior behavior;
    behavior.response = std::move(response);
    cloud_->ai_studio().AllowAnonymous(true);
    cloud_->ai_studio().SetBehavior(kMethod, std::move(behavior));
    return OAuth(cloud_->ai_studio_endpoint()).Fetch(Soon());
  }

  absl::StatusOr<Token> FetchExpiring(std::int64_t seconds,
                                      std::int32_t nanos) {
    wire::CreateIamTokenResponse response;
    response.set_iam_token("token");
    response.mutable_expires_at()->set_seconds(seconds);
    response.mutable_expires_at()->set_nanos(nanos);
    return FetchFrom(response.SerializeAsString());
  }
};

TEST_F(OddAnswerTest, RefusesWhatIsNoTime) {
  const std::int64_t now = absl::ToUnixSeconds(clock_->Now());
  const auto good = FetchExpiring(now + 60, 500000000);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->value, "token");
  EXPECT_EQ(good->expires_at, absl::FromUnixMillis((now + 60) * 1000 + 500));
  for (const auto& [seconds, nanos] :
       {std::pair<std::int64_t, std::int32_t>{INT64_MAX, 0},
        {INT64_MIN, 0},
        {253402300800, 0},
        {now, -1},
        {now, 1000000000}}) {
    const absl::Status status = FetchExpiring(seconds, nanos).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(MessageOf(status), HasSubstr("impossible expiry"));
  }
}

TEST_F(OddAnswerTest, RefusesWhatIsNoMessage) {
  const absl::Status status = FetchFrom("\xFF").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(MessageOf(status), HasSubstr("the answer cannot be read"));
}

TEST_F(OddAnswerTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(FetchFrom(std::string(100000, 'x')).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(IamExchangeTest, NamesItselfAndTheRequest) {
  cloud_->ai_studio().AllowAnonymous(true);
  OAuthTokenSource source = OAuth(cloud_->ai_studio_endpoint());
  ASSERT_TRUE(source.Fetch(Soon()).ok());
  ASSERT_TRUE(source.Fetch(Soon()).ok());
  const auto calls = cloud_->ai_studio().calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].method, kMethod);
  const auto header = [&](int call, const char* name) {
    const auto found = calls[call].metadata.find(name);
    return found == calls[call].metadata.end() ? "" : found->second;
  };
  EXPECT_THAT(header(0, "user-agent"), StartsWith("aistudio-auth-cpp/"));
  EXPECT_THAT(header(0, "x-client-request-id"), MatchesRegex(kRequestId));
  EXPECT_EQ(header(0, "x-client-request-id").size(), 36u);
  EXPECT_NE(header(0, "x-client-request-id"), header(1, "x-client-request-id"));
}

}  // namespace
}  // namespace aistudio::auth::internal
