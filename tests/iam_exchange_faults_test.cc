// Errors, deadlines and cancellation of the exchange at IAM.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio_auth/iam.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/retry_delay.h"
#include "tests/iam_testing.h"

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

using ::aistudio::auth::testing::FakeCloud;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

using IamExchangeFaultsTest = IamExchangeTest;

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

TEST_F(IamExchangeFaultsTest, SaysWhatFailedWhereAndWhatToDo) {
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

TEST_F(IamExchangeFaultsTest, RedactsErrors) {
  ServiceAccountTokenSource source = ServiceAccount();
  iam().FailNext(1, grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                 "token " + cloud_->oauth_token() +
                                     "\nand Bearer t1.abcdefgh is wrong"));
  const std::string message = MessageOf(source.Fetch(Soon()).status());
  EXPECT_THAT(message, HasSubstr(": token [redacted] and Bearer [redacted] is "
                                 "wrong [request id "));
  EXPECT_THAT(message, Not(HasSubstr(cloud_->oauth_token())));
}

TEST_F(IamExchangeFaultsTest, PassesTheRetryDelayOn) {
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

TEST_F(IamExchangeFaultsTest, FailsFastWhenNobodyListensAndRecovers) {
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

TEST_F(IamExchangeFaultsTest, BlamesCertificates) {
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

TEST_F(IamExchangeFaultsTest, GivesUpAtTheDeadline) {
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
    EXPECT_LT(took, absl::Seconds(10));
  }
  const absl::Status late = source.Fetch(clock_->Now()).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(iam().requests(), 1);

  iam().Hang(false);
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeFaultsTest, CanBeCanceled) {
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
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));

  iam().Hang(false);
  EXPECT_TRUE(source.Fetch(Soon()).ok());
}

TEST_F(IamExchangeFaultsTest, CanBeCanceledWhileConnecting) {
  SilentServer silent;
  OAuthTokenSource source = OAuth(silent.endpoint());
  auto fetched = std::async(std::launch::async,
                            [&] { return source.Fetch(Soon()).status(); });
  silent.Accept();  // the call runs, and waits for the TLS handshake
  source.Cancel();
  EXPECT_EQ(fetched.get().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace aistudio::auth::internal
