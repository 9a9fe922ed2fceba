#include "src/sources/iam_exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio_auth/iam.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "src/core/retry_delay.h"
#include "src/io/iam_stub.h"

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

using ::aistudio::auth::testing::FakeCloud;
using ::aistudio::auth::testing::FakeIam;
using ::aistudio::auth::testing::ManualClock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kMethod[] = "/yandex.cloud.iam.v1.IamTokenService/Create";
constexpr char kRequestId[] =
    "[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+";

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

class IamExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FakeCloud::Options options;
    options.clock = clock_;
    auto cloud = FakeCloud::Start(std::move(options));
    ASSERT_TRUE(cloud.ok()) << cloud.status();
    cloud_ = *std::move(cloud);
  }

  FakeIam& iam() { return cloud_->iam(); }

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

  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::unique_ptr<FakeCloud> cloud_;
};

// A server that takes connections and then says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, generic, size), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() {
    close(accepted_);
    close(socket_);
  }

  std::string endpoint() const { return absl::StrCat("127.0.0.1:", port_); }

  // Returns when a client has connected.
  void Accept() { accepted_ = accept(socket_, nullptr, nullptr); }

 private:
  const int socket_;
  int accepted_ = -1;
  int port_ = 0;
};

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

// AI Studio's fake echoes: field 1 of the request is the token of the answer,
// and what is put behind it as field 2 is the expiry.
class EchoedTokenSource final : public IamTokenSource {
 public:
  EchoedTokenSource(std::string expiry, std::unique_ptr<IamStub> stub,
                    std::shared_ptr<Clock> clock)
      : IamTokenSource(std::move(stub), std::move(clock)),
        expiry_(std::move(expiry)) {}

  std::string DebugString() const override { return "echo"; }

 private:
  absl::Status SetIdentity(wire::CreateIamTokenRequest* request) override {
    request->set_yandex_passport_oauth_token("echoed");
    request->GetReflection()->MutableUnknownFields(request)->AddLengthDelimited(
        2, expiry_);
    return absl::OkStatus();
  }

  const std::string expiry_;
};

TEST_F(IamExchangeTest, RefusesWhatIsNoTime) {
  cloud_->ai_studio().AllowAnonymous(true);
  const auto fetch = [&](std::int64_t seconds, std::int32_t nanos) {
    google::protobuf::Timestamp time;
    time.set_seconds(seconds);
    time.set_nanos(nanos);
    EchoedTokenSource source(time.SerializeAsString(),
                             StubTo(cloud_->ai_studio_endpoint()), clock_);
    return source.Fetch(Soon());
  };
  const std::int64_t now = absl::ToUnixSeconds(clock_->Now());
  const auto good = fetch(now + 60, 500000000);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->value, "echoed");
  EXPECT_EQ(good->expires_at, absl::FromUnixMillis((now + 60) * 1000 + 500));
  for (const auto& [seconds, nanos] :
       {std::pair<std::int64_t, std::int32_t>{INT64_MAX, 0},
        {INT64_MIN, 0},
        {253402300800, 0},
        {now, -1},
        {now, 1000000000}}) {
    const absl::Status status = fetch(seconds, nanos).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(MessageOf(status), HasSubstr("impossible expiry"));
  }

  EchoedTokenSource unreadable("\xFF", StubTo(cloud_->ai_studio_endpoint()),
                               clock_);
  const absl::Status status = unreadable.Fetch(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(MessageOf(status), HasSubstr("the answer cannot be read"));

  EchoedTokenSource huge(std::string(100000, 'x'),
                         StubTo(cloud_->ai_studio_endpoint()), clock_);
  EXPECT_EQ(huge.Fetch(Soon()).status().code(),
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

TEST_F(IamExchangeTest, SaysWhatFailedWhereAndWhatToDo) {
  OAuthTokenSource source = OAuth();
  const struct {
    grpc::StatusCode code;
    std::string advice;
  } kCases[] = {
      {grpc::StatusCode::UNAUTHENTICATED, "check that the key exists"},
      {grpc::StatusCode::PERMISSION_DENIED, "check that the account is active"},
      {grpc::StatusCode::INVALID_ARGUMENT, "check the service account key"},
      {grpc::StatusCode::UNIMPLEMENTED, "check IamOptions::endpoint"},
      {grpc::StatusCode::NOT_FOUND, "check IamOptions::endpoint"},
      {grpc::StatusCode::UNAVAILABLE, "check the network"},
      {grpc::StatusCode::DEADLINE_EXCEEDED, "check the network"},
      {grpc::StatusCode::INTERNAL, "it is tried again"},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "it is tried again"},
  };
  for (const auto& test : kCases) {
    iam().FailNext(1, grpc::Status(test.code, "so it is"));
    const absl::Status status = source.Fetch(Soon()).status();
    EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(test.code));
    EXPECT_THAT(MessageOf(status),
                MatchesRegex(absl::StrCat("localhost:[0-9]+: so it is .request "
                                          "id ",
                                          kRequestId, ".; .+")));
    EXPECT_THAT(MessageOf(status), HasSubstr("]; " + test.advice));
    EXPECT_EQ(RetryDelayOf(status), std::nullopt);
  }
  iam().FailNext(1, grpc::Status(grpc::StatusCode::UNKNOWN, ""));
  EXPECT_THAT(MessageOf(source.Fetch(Soon()).status()),
              HasSubstr(": no reason was given [request id "));
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeTest, RedactsErrors) {
  ServiceAccountTokenSource source = ServiceAccount();
  iam().FailNext(1, grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                 "token " + cloud_->oauth_token() +
                                     "\nand Bearer t1.abcdefgh is wrong"));
  const std::string message = MessageOf(source.Fetch(Soon()).status());
  EXPECT_THAT(message, HasSubstr(": token [redacted] and Bearer [redacted] is "
                                 "wrong [request id "));
  EXPECT_THAT(message, Not(HasSubstr(cloud_->oauth_token())));
}

TEST_F(IamExchangeTest, PassesTheRetryDelayOn) {
  wire::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(7);
  info.mutable_retry_delay()->set_nanos(500000000);
  wire::RpcStatus details;
  details.add_details()->set_type_url(
      "type.googleapis.com/google.rpc.RequestInfo");
  wire::RpcStatus::Detail* detail = details.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail->set_value(info.SerializeAsString());
  OAuthTokenSource source = OAuth();
  iam().FailNext(1, grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy",
                                 details.SerializeAsString()));
  EXPECT_EQ(RetryDelayOf(source.Fetch(Soon()).status()), absl::Seconds(7.5));

  iam().FailNext(1,
                 grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy", "\xFF"));
  const absl::Status status = source.Fetch(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(RetryDelayOf(status), std::nullopt);
}

TEST_F(IamExchangeTest, FailsFastWhenNobodyListensAndRecovers) {
  OAuthTokenSource source = OAuth();
  iam().Stop();
  const absl::Time start = absl::Now();
  const absl::Status status = source.Fetch(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_THAT(MessageOf(status), HasSubstr("; check the network, the proxy and "
                                           "IamOptions::endpoint"));
  ASSERT_TRUE(iam().Restart().ok());
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeTest, BlamesCertificates) {
  auto stranger = FakeCloud::Start();
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  const std::pair<std::string, grpc::SslCredentialsOptions> kCases[] = {
      {cloud_->iam_endpoint(), (*stranger)->ssl()},
      {cloud_->iam_endpoint(), {"nonsense", "", ""}},
  };
  for (const auto& [endpoint, ssl] : kCases) {
    OAuthTokenSource source(Secret("secret"),
                            std::make_unique<IamStub>(endpoint, ssl), clock_);
    const absl::Status status = source.Fetch(Soon()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(MessageOf(status), HasSubstr("; check IamOptions::ssl"));
  }
}

TEST_F(IamExchangeTest, GivesUpAtTheDeadline) {
  OAuthTokenSource source = OAuth();
  iam().Hang(true);
  SilentServer silent;
  OAuthTokenSource to_silent = OAuth(silent.endpoint());
  for (IamTokenSource* asked : {&source, &to_silent}) {
    const absl::Time start = absl::Now();
    const absl::Status status =
        asked->Fetch(clock_->Now() + absl::Milliseconds(300)).status();
    const absl::Duration took = absl::Now() - start;
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
    EXPECT_THAT(MessageOf(status),
                AllOf(HasSubstr(": no answer within 300ms [request id "),
                      HasSubstr("; check the network")));
    EXPECT_GE(took, absl::Milliseconds(299));
    EXPECT_LT(took, absl::Seconds(3));
  }
  const absl::Status late = source.Fetch(clock_->Now()).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(iam().requests(), 1);

  iam().Hang(false);
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeTest, CanBeCanceled) {
  OAuthTokenSource source = OAuth();
  source.Cancel();  // nothing runs: no effect on what comes later
  EXPECT_TRUE(source.Fetch(Soon()).ok());
  EXPECT_TRUE(source.Fetch(absl::InfiniteFuture()).ok());

  iam().Hang(true);
  auto fetched = std::async(std::launch::async,
                            [&] { return source.Fetch(Soon()).status(); });
  while (iam().requests() < 3) std::this_thread::yield();
  const absl::Time start = absl::Now();
  source.Cancel();
  EXPECT_EQ(fetched.get().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));

  iam().Hang(false);
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeTest, CanBeCanceledWhileConnecting) {
  SilentServer silent;
  OAuthTokenSource source = OAuth(silent.endpoint());
  auto fetched = std::async(std::launch::async,
                            [&] { return source.Fetch(Soon()).status(); });
  silent.Accept();  // the call runs, and waits for the TLS handshake
  source.Cancel();
  EXPECT_EQ(fetched.get().code(), absl::StatusCode::kCancelled);
}

TEST(NormalizeEndpointTest, CompletesAndRefuses) {
  const std::pair<const char*, const char*> kGood[] = {
      {"iam.api.cloud.yandex.net:443", "iam.api.cloud.yandex.net:443"},
      {"iam.api.cloud.yandex.net", "iam.api.cloud.yandex.net:443"},
      {"localhost:1", "localhost:1"},
      {"my_host-1:65535", "my_host-1:65535"},
      {"[::1]:50051", "[::1]:50051"},
      {"[fe80::1%eth0]", "[fe80::1%eth0]:443"},
  };
  for (const auto& [given, normalized] : kGood) {
    const auto endpoint = NormalizeEndpoint(given);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(*endpoint, normalized);
  }
  const std::pair<std::string, const char*> kBad[] = {
      {"", "is empty"},
      {"https://iam.api.cloud.yandex.net", "holds a scheme"},
      {"dns:///host:443", "holds a scheme"},
      {"host:443/path", "has no port from 1 to 65535"},
      {"host/path", "is no host name"},
      {" host:443", "is no host name"},
      {"ho st", "is no host name"},
      {"host\n:443", "is no host name"},
      {"\xD1\x8F:443", "is no host name"},
      {"user@host:443", "is no host name"},
      {":443", "is no host name"},
      {"[]:443", "is no host name"},
      {"host:", "has no port from 1 to 65535"},
      {"host:0", "has no port from 1 to 65535"},
      {"host:65536", "has no port from 1 to 65535"},
      {"host:+443", "has no port from 1 to 65535"},
      {"host:443 ", "has no port from 1 to 65535"},
      {"::1", "holds more than one colon, but no [IPv6 address]"},
      {"[::1", "has no closing ]"},
      {"[::1]443", "has no : after ]"},
      {std::string(300, 'a'), "is too long"},
  };
  for (const auto& [given, fault] : kBad) {
    const auto endpoint = NormalizeEndpoint(given);
    ASSERT_FALSE(endpoint.ok()) << given;
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(
        MessageOf(endpoint.status()),
        absl::StrCat("IamOptions::endpoint: ", fault, "; write host:port"));
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
