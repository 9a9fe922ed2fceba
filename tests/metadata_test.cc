// The metadata service: MetadataAuth over real sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "src/core/retry_delay.h"
#include "src/sources/metadata_source.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using internal::MetadataTokenSource;
using testing::FakeHttpService;
using ::testing::HasSubstr;
using testing::ManualClock;
using ::testing::Not;
using testing::ScopedEnv;
using ::testing::StartsWith;
using Answer = FakeHttpService::Answer;

constexpr char kCheckAddress[] =
    "check that a metadata service is at MetadataServiceOptions::address or "
    "YC_METADATA_ADDR";

class MetadataTest : public ::testing::Test {
 protected:
  Credentials Make() {
    MetadataServiceOptions options = metadata().options();
    options.refresh = refresh_;
    options.refresh.registry = registry_;
    auto credentials = MetadataServiceCredentials(options);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  testing::FakeMetadata& metadata() { return cloud_->metadata(); }

  // One fetch, without a registry.
  absl::StatusOr<Token> Fetch(absl::Duration timeout = absl::Seconds(10)) {
    return source_.Fetch(clock_->Now() + timeout);
  }

  // The text of the error of a fetch, without the address before it.
  std::string ErrorText(absl::StatusCode code) {
    const absl::Status error = Fetch().status();
    EXPECT_EQ(error.code(), code) << error;
    const std::string text(error.message());
    const std::string where = metadata().address() + ": ";
    EXPECT_THAT(text, StartsWith(where));
    EXPECT_THAT(text, Not(HasSubstr("t1.")));
    return text.substr(std::min(text.size(), where.size()));
  }

  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  EventLog events_;
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({clock_, events_.callback()});
  std::unique_ptr<testing::FakeCloud> cloud_ = [this] {
    testing::FakeCloud::Options options;
    options.clock = clock_;
    return StartCloud(options);
  }();
  RefreshOptions refresh_;
  MetadataTokenSource source_{cloud_->metadata().address(), clock_};
};

TEST_F(MetadataTest, CallsCarryTheTokenOfTheMachine) {
  const Credentials credentials = Make();
  const auto channel = Connect(*cloud_, credentials);
  const grpc::Status status = Call(channel);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Stream(channel, 3).ok());
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
  EXPECT_EQ(metadata().requests(), 1);
  EXPECT_EQ(metadata().last_headers()["metadata-flavor"], "Google");
  EXPECT_EQ(*credentials.AuthorizationHeader(),
            "Bearer " + metadata().last_token());
  EXPECT_EQ(credentials.DebugString(),
            "MetadataAuth{address=" + metadata().address() + "}");
}

TEST_F(MetadataTest, TokensAreReplacedEveryFiveMinutes) {
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  clock_->Advance(absl::Minutes(4));
  EXPECT_EQ(metadata().requests(), 1);
  clock_->Advance(absl::Minutes(1));
  ASSERT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_EQ(metadata().requests(), 2);
}

// Python SDK defect D4: what the service says of expiry is ignored.
TEST_F(MetadataTest, ExpiresInCounts) {
  metadata().SetTokenLifetime(absl::Seconds(100));
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_EQ(credentials.stats().expires_at, clock_->Now() + absl::Seconds(100));
  metadata().FailAlways(503);
  clock_->Advance(absl::Seconds(80));
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_EQ(credentials.status(), absl::OkStatus());
  clock_->Advance(absl::Seconds(20));
  EXPECT_EQ(credentials.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(MetadataTest, EveryFormOfAnExpiryIsRead) {
  const std::pair<Answer, absl::Duration> kCases[] = {
      {Answer::kGood, absl::Hours(2)},
      {Answer::kExpiryAsText, absl::Hours(2)},
      {Answer::kExpiryAsTime, absl::Hours(2)},
      {Answer::kNoExpiry, absl::Hours(1)},
      {Answer::kExpiryFarFuture, absl::Hours(12)},
  };
  metadata().SetTokenLifetime(absl::Hours(2));
  for (const auto& [answer, lifetime] : kCases) {
    metadata().SetAnswer(answer);
    const auto token = Fetch();
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_EQ(token->value, metadata().last_token());
    EXPECT_EQ(token->expires_at, clock_->Now() + lifetime);
  }
}

// Python SDK defect D3: an empty token is sent, other answers
// throw.
TEST_F(MetadataTest, OddAnswersAreErrorsThatSayWhatCame) {
  const std::pair<Answer, const char*> kCases[] = {
      {Answer::kNoToken, "the answer has no access_token"},
      {Answer::kEmptyToken, "access_token of the answer is empty"},
      {Answer::kTokenNoText,
       "access_token of the answer is a number, not a string"},
      {Answer::kOtherTokenType, "token_type of the answer is not Bearer"},
      {Answer::kExpiryInThePast, "the token in the answer has expired already"},
      {Answer::kExpiryNoNumber,
       "expires_in of the answer is no number of seconds"},
      {Answer::kList, "the answer is a list, not an object"},
      {Answer::kNumber, "the answer is a number, not an object"},
      {Answer::kTruncatedJson, "the answer is JSON that is cut off or damaged"},
      {Answer::kEmpty, "the answer is empty"},
      {Answer::kHtml, "the answer is HTML or XML, not JSON"},
      {Answer::kText, "the answer is text that is not JSON"},
  };
  for (const auto& [answer, what] : kCases) {
    metadata().SetAnswer(answer);
    const std::string text = ErrorText(absl::StatusCode::kInternal);
    EXPECT_THAT(text, ::testing::MatchesRegex(absl::StrCat(
                          what,
                          " .(application/json|text/html|text/plain), "
                          "[0-9]+ bytes.; ",
                          kCheckAddress)));
  }
  metadata().SetAnswer(Answer::kHtml);
  EXPECT_THAT(ErrorText(absl::StatusCode::kInternal),
              HasSubstr(" (text/html, 85 bytes); "));
}

TEST_F(MetadataTest, AnswersThatAreNoneAreErrorsToo) {
  const std::pair<Answer, std::string> kInternal[] = {
      {Answer::kNotHttp, "the answer is no HTTP"},
      {Answer::kTooLong, "the answer is longer than 64 KiB"},
      {Answer::kRedirect,
       "it answered with status 302, a redirect, which is not followed"},
  };
  for (const auto& [answer, what] : kInternal) {
    metadata().SetAnswer(answer);
    EXPECT_EQ(ErrorText(absl::StatusCode::kInternal),
              absl::StrCat(what, "; ", kCheckAddress));
  }
  EXPECT_EQ(metadata().requests(), 3);
  metadata().SetAnswer(Answer::kCutOff);
  EXPECT_THAT(ErrorText(absl::StatusCode::kUnavailable),
              StartsWith("the connection broke before the answer was "
                         "complete; check that this runs in Yandex Cloud"));
}

TEST_F(MetadataTest, ATokenThatIsNoHeaderNeverBecomesOne) {
  metadata().SetAnswer(Answer::kIllegalBytes);
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_EQ(credentials.stats().last_error.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(credentials.stats().last_error.message()),
              Not(HasSubstr("t1.")));
  EXPECT_FALSE(credentials.AuthorizationHeader().ok());
}

TEST_F(MetadataTest, WithoutAServiceAccountItSaysSo) {
  metadata().AttachServiceAccount(false);
  const std::string text =
      "this machine has no service account attached; attach one, such as with "
      "`yc compute instance update --service-account-name <name>`, or use "
      "another method";
  EXPECT_EQ(ErrorText(absl::StatusCode::kNotFound), text);
  const Credentials credentials = Make();
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(10)),
            absl::NotFoundError(absl::StrCat(
                "MetadataAuth: ", metadata().address(), ": ", text)));
}

TEST_F(MetadataTest, AMachineThatForbidsTokensSaysSo) {
  metadata().EnableTokens(false);
  EXPECT_EQ(ErrorText(absl::StatusCode::kFailedPrecondition),
            "the machine's options forbid tokens; allow them with `yc compute "
            "instance update --metadata-options gce-http-token=enabled`");
  metadata().EnableTokens(true);
  metadata().FailNext(1, 200, absl::ZeroDuration(),
                      "Token is disabled for fhm1");
  EXPECT_THAT(ErrorText(absl::StatusCode::kFailedPrecondition),
              StartsWith("the machine's options forbid tokens"));
}

TEST_F(MetadataTest, StatusesHaveTheirCodes) {
  const std::pair<int, absl::StatusCode> kCases[] = {
      {400, absl::StatusCode::kInvalidArgument},
      {401, absl::StatusCode::kUnauthenticated},
      {403, absl::StatusCode::kPermissionDenied},
      {408, absl::StatusCode::kDeadlineExceeded},
      {418, absl::StatusCode::kFailedPrecondition},
      {429, absl::StatusCode::kResourceExhausted},
      {500, absl::StatusCode::kUnavailable},
      {503, absl::StatusCode::kUnavailable},
  };
  for (const auto& [status, code] : kCases) {
    metadata().FailNext(1, status, absl::ZeroDuration(), "t1.secret-in-body");
    EXPECT_THAT(ErrorText(code),
                StartsWith(absl::StrCat("it answered with status ", status)));
  }
}

TEST_F(MetadataTest, RetryAfterIsHonoured) {
  metadata().FailNext(1, 429, absl::Seconds(40));
  const absl::Status error = Fetch().status();
  EXPECT_EQ(internal::RetryDelayOf(error), absl::Seconds(40));
  EXPECT_EQ(internal::RetryDelayOf(Fetch().status()), std::nullopt);

  metadata().FailNext(1, 503, absl::Seconds(40));
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_GE(credentials.stats().next_attempt,
            clock_->Now() + absl::Seconds(40));
}

TEST_F(MetadataTest, CallsWaitThroughTransientFailures) {
  registry_ = ProviderRegistry::Create({nullptr, events_.callback()});
  metadata().FailNext(2, 503);
  const Credentials credentials = Make();
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  EXPECT_EQ(metadata().requests(), 3);
}

TEST_F(MetadataTest, EveryWaitEndsAtItsBound) {
  metadata().Hang(true);
  absl::Time start = absl::Now();
  EXPECT_THAT(std::string(Fetch(absl::Seconds(1)).status().message()),
              HasSubstr(": no answer within 1s; check that this runs in"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  metadata().Hang(false);
  metadata().SetAnswer(Answer::kSlow);
  start = absl::Now();
  const absl::Status slow = Fetch(absl::Milliseconds(1500)).status();
  EXPECT_EQ(slow.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_F(MetadataTest, CallsDoNotWaitLongerThanAFetchMayTake) {
  registry_ = ProviderRegistry::Create({nullptr, events_.callback()});
  refresh_.fetch_timeout = absl::Seconds(1);
  metadata().Hang(true);
  const Credentials credentials = Make();
  const absl::Time start = absl::Now();
  const grpc::Status status = Call(Connect(*cloud_, credentials));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  EXPECT_EQ(CredentialsError(status).code(),
            absl::StatusCode::kDeadlineExceeded);
  metadata().Hang(false);
  EXPECT_TRUE(events_.WaitForSuccesses(1));
}

TEST_F(MetadataTest, OutsideOfTheCloudItSaysSo) {
  metadata().Stop();
  EXPECT_EQ(ErrorText(absl::StatusCode::kUnavailable),
            "no connection: Connection refused; check that this runs in Yandex "
            "Cloud; elsewhere use another method, such as "
            "ServiceAccountKeyFileCredentials; it is tried again");
  EXPECT_EQ(metadata().Restart(), absl::OkStatus());
  EXPECT_TRUE(Fetch().ok());
}

// Python SDK defect D15: HTTP_PROXY would carry the token.
TEST_F(MetadataTest, ProxiesOfTheEnvironmentAreIgnored) {
  const ScopedEnv exceptions("no_proxy", std::nullopt);
  const ScopedEnv upper_exceptions("NO_PROXY", std::nullopt);
  const std::string nowhere = "http://127.0.0.1:1";
  const ScopedEnv http("http_proxy", nowhere);
  const ScopedEnv upper_http("HTTP_PROXY", nowhere);
  const ScopedEnv all("all_proxy", nowhere);
  const ScopedEnv upper_all("ALL_PROXY", nowhere);
  EXPECT_TRUE(Fetch().ok());
}

// Python SDK defect D1: an explicit method never works, the
// address being no URL; YC_METADATA_ADDR is ignored.
TEST_F(MetadataTest, TheAddressComesFromTheOptionsOrTheVariable) {
  const ScopedEnv variable("YC_METADATA_ADDR",
                           " " + metadata().address() + "\n");
  MetadataServiceOptions options;
  options.refresh.registry = registry_;
  const auto from_variable = MetadataServiceCredentials(options);
  ASSERT_TRUE(from_variable.ok()) << from_variable.status();
  EXPECT_EQ(from_variable->WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  // Equal credentials share a provider, wherever the address came from.
  EXPECT_EQ(Make().call_credentials(), from_variable->call_credentials());
  EXPECT_EQ(metadata().requests(), 1);
}

TEST(MetadataAddressTest, HasADefaultAndAPort) {
  const ScopedEnv unset("YC_METADATA_ADDR", std::nullopt);
  EXPECT_EQ(*internal::MetadataAddress(""), "169.254.169.254:80");
  EXPECT_EQ(*internal::MetadataAddress("metadata"), "metadata:80");
  const ScopedEnv empty("YC_METADATA_ADDR", "");
  EXPECT_EQ(*internal::MetadataAddress(""), "169.254.169.254:80");
  const ScopedEnv set("YC_METADATA_ADDR", "localhost:8080");
  EXPECT_EQ(*internal::MetadataAddress(""), "localhost:8080");
  EXPECT_EQ(*internal::MetadataAddress("[::1]"), "[::1]:80");
}

TEST(MetadataAddressTest, FaultsAreNamedWithWhereTheyCameFrom) {
  MetadataServiceOptions options;
  options.address = "http://169.254.169.254";
  EXPECT_EQ(MetadataServiceCredentials(options).status(),
            absl::InvalidArgumentError(
                "MetadataAuth: MetadataServiceOptions::address: holds a "
                "scheme; write host or host:port"));
  const ScopedEnv set("YC_METADATA_ADDR", "169.254.169.254:80/path");
  EXPECT_EQ(MetadataServiceCredentials().status(),
            absl::InvalidArgumentError(
                "MetadataAuth: YC_METADATA_ADDR: has no port from 1 to 65535; "
                "write host or host:port"));
}

}  // namespace
}  // namespace aistudio::auth
