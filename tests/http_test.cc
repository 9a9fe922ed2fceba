// One HTTP request, and all that can go wrong with it.

#include "src/io/http.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "src/io/https_url.h"
#include "src/testing/http_server.h"

namespace aistudio::auth::internal {
namespace {

using ::aistudio::auth::testing::ScopedEnv;
using ::aistudio::auth::testing::internal::Certificate;
using ::aistudio::auth::testing::internal::HttpServer;
using ::aistudio::auth::testing::internal::MakeLocalhostCertificate;
using ::aistudio::auth::testing::internal::ServerAnswer;
using ::aistudio::auth::testing::internal::ServerRequest;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Start(
      const std::optional<Certificate>& certificate = std::nullopt) {
    auto server =
        HttpServer::Start(0, certificate, [this](const ServerRequest& request) {
          std::lock_guard<std::mutex> lock(mutex_);
          ++requests_;
          last_ = request;
          return answer_;
        });
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  static HttpRequest Plain(int port) {
    HttpRequest request;
    request.scheme = HttpRequest::Scheme::kHttp;
    request.url = absl::StrCat("http://127.0.0.1:", port, "/token?secret=1");
    request.timeout = absl::Seconds(10);
    return request;
  }

  static HttpRequest Encrypted(int port) {
    HttpRequest request = Plain(port);
    request.scheme = HttpRequest::Scheme::kHttps;
    request.url = absl::StrCat("https://localhost:", port, "/token");
    return request;
  }

  absl::Status ErrorOf(const HttpRequest& request) {
    const auto answer = client_.Send(request);
    EXPECT_FALSE(answer.ok());
    return answer.status();
  }

  std::mutex mutex_;
  int requests_ = 0;
  ServerRequest last_;
  ServerAnswer answer_;
  HttpClient client_;
};

// Takes connections, and answers none.
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
  ~SilentServer() { close(socket_); }

  int port() const { return port_; }

 private:
  const int socket_;
  int port_ = 0;
};

TEST_F(HttpTest, GetsAnAnswerWithItsStatusTypeAndBody) {
  const auto server = Start();
  answer_.status = 418;
  answer_.body = "a body";
  answer_.headers = {{"Content-Type", "text/plain"}, {"Retry-After", "7"}};
  HttpRequest request = Plain(server->port());
  request.headers = {"Metadata-Flavor: Google"};
  const auto answer = client_.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 418);
  EXPECT_EQ(answer->content_type, "text/plain");
  EXPECT_EQ(answer->retry_after, absl::Seconds(7));
  EXPECT_EQ(answer->body, "a body");
  EXPECT_EQ(last_.method, "GET");
  EXPECT_EQ(last_.target, "/token?secret=1");
  EXPECT_EQ(last_.headers["metadata-flavor"], "Google");
  EXPECT_THAT(last_.headers["user-agent"], StartsWith("aistudio-auth-cpp/"));
}

TEST_F(HttpTest, PostsABodyOverTls) {
  const Certificate certificate = MakeLocalhostCertificate();
  const auto server = Start(certificate);
  const std::string ca_file = ::testing::TempDir() + "/http_test_ca.pem";
  std::ofstream(ca_file) << certificate.certificate_pem;
  HttpRequest request = Encrypted(server->port());
  request.method = HttpRequest::Method::kPost;
  // Longer than what libcurl would send without asking for leave.
  const std::string body(5000, 'x');
  request.body = body;
  request.ca_file = ca_file;
  const absl::Time start = absl::Now();
  const auto answer = client_.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(900));
  EXPECT_EQ(last_.method, "POST");
  EXPECT_EQ(last_.body, body);

  request.body = {};
  ASSERT_TRUE(client_.Send(request).ok());
  EXPECT_EQ(last_.body, "");
}

TEST_F(HttpTest, AnUntrustedCertificateIsRefused) {
  const auto server = Start(MakeLocalhostCertificate());
  const absl::Status error = ErrorOf(Encrypted(server->port()));
  EXPECT_EQ(error.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(error.message()),
              StartsWith("no TLS connection: SSL certificate "));
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTest, ACertificateFileThatIsMissingIsNamedAsTlsFault) {
  const auto server = Start(MakeLocalhostCertificate());
  HttpRequest request = Encrypted(server->port());
  request.ca_file = "/nonexistent/ca.pem";
  EXPECT_THAT(std::string(ErrorOf(request).message()),
              StartsWith("no TLS connection: "));
}

TEST_F(HttpTest, OnlyTheSchemeThatWasToldIsUsed) {
  const auto server = Start();
  HttpRequest request = Plain(server->port());
  request.scheme = HttpRequest::Scheme::kHttps;
  EXPECT_EQ(ErrorOf(request),
            absl::InvalidArgumentError("the URL cannot be asked"));
  request.url = "file:///etc/passwd";
  EXPECT_EQ(ErrorOf(request),
            absl::InvalidArgumentError("the URL cannot be asked"));
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTest, RedirectsAreAnswersLikeAnyOther) {
  const auto server = Start();
  answer_.status = 302;
  answer_.headers = {
      {"Location", absl::StrCat("http://127.0.0.1:", server->port(), "/b")}};
  const auto answer = client_.Send(Plain(server->port()));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(requests_, 1);
}

TEST_F(HttpTest, AnswersAndHeadersAreBounded) {
  const auto server = Start();
  answer_.body = std::string(64 * 1024, 'x');
  EXPECT_TRUE(client_.Send(Plain(server->port())).ok());
  answer_.body += "x";
  const absl::Status too_long =
      absl::InternalError("the answer is longer than 64 KiB");
  EXPECT_EQ(ErrorOf(Plain(server->port())), too_long);
  answer_ = {};
  answer_.raw = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&answer_.raw, "X-Header-", i, ": ", std::string(100, 'x'),
                    "\r\n");
  }
  EXPECT_EQ(ErrorOf(Plain(server->port())), too_long);
}

TEST_F(HttpTest, WhatIsNoHttpIsSaidToBeNone) {
  const auto server = Start();
  answer_.raw = "220 mail.example.com ESMTP\r\n";
  EXPECT_EQ(ErrorOf(Plain(server->port())),
            absl::InternalError("the answer is no HTTP"));
}

TEST_F(HttpTest, BrokenConnectionsAreTransient) {
  auto server = Start();
  const int port = server->port();
  answer_.body = "a body";
  answer_.cut_off = 3;
  EXPECT_EQ(ErrorOf(Plain(port)),
            absl::UnavailableError(
                "the connection broke before the answer was complete"));
  answer_ = {};
  server.reset();
  EXPECT_EQ(ErrorOf(Plain(port)),
            absl::UnavailableError("no connection: Connection refused"));
  HttpRequest nowhere = Plain(port);
  nowhere.url = "http://host.invalid/";
  EXPECT_EQ(ErrorOf(nowhere),
            absl::UnavailableError("the host's name cannot be resolved"));
}

TEST_F(HttpTest, AServerThatSaysNothingEndsAtTheTimeout) {
  const SilentServer server;
  HttpRequest request = Plain(server.port());
  request.timeout = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  EXPECT_EQ(ErrorOf(request),
            absl::DeadlineExceededError("no answer within 300ms"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_F(HttpTest, ATlsServerThatSaysNothingEndsAtTheConnectTimeout) {
  const SilentServer server;
  HttpRequest request = Encrypted(server.port());
  request.url = absl::StrCat("https://127.0.0.1:", server.port(), "/");
  request.connect_timeout = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  EXPECT_EQ(ErrorOf(request),
            absl::DeadlineExceededError("no connection within 300ms"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_F(HttpTest, AnAnswerOfAByteASecondEndsAtTheTimeout) {
  const auto server = Start();
  answer_.body = "a body";
  answer_.pause_per_byte = absl::Seconds(1);
  HttpRequest request = Plain(server->port());
  request.timeout = absl::Milliseconds(1500);
  const absl::Time start = absl::Now();
  EXPECT_EQ(ErrorOf(request), absl::DeadlineExceededError(
                                  "the answer was not complete within 1.5s"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(HttpTest, WithoutTimeNothingIsSent) {
  const auto server = Start();
  HttpRequest request = Plain(server->port());
  request.timeout = absl::ZeroDuration();
  EXPECT_EQ(ErrorOf(request),
            absl::DeadlineExceededError("no time was left to ask"));
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTest, CancelEndsARunningRequestAtOnceAndNoLaterOne) {
  const SilentServer silent;
  client_.Cancel();
  HttpRequest request = Plain(silent.port());
  auto running =
      std::async(std::launch::async, [&] { return ErrorOf(request); });
  absl::SleepFor(absl::Milliseconds(300));
  const absl::Time start = absl::Now();
  client_.Cancel();
  EXPECT_EQ(running.get(), absl::CancelledError("the request was cancelled"));
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(500));
  const auto server = Start();
  EXPECT_TRUE(client_.Send(Plain(server->port())).ok());
}

TEST_F(HttpTest, CancelMayComeAtAnyTime) {
  const auto server = Start();
  std::atomic<bool> done{false};
  std::thread canceller([&] {
    while (!done) client_.Cancel();
  });
  for (int i = 0; i < 50; ++i) {
    const auto answer = client_.Send(Plain(server->port()));
    EXPECT_TRUE(answer.ok() ||
                answer.status().code() == absl::StatusCode::kCancelled)
        << answer.status();
  }
  done = true;
  canceller.join();
}

TEST_F(HttpTest, ProxiesOfTheEnvironmentAreUsedOnlyIfTold) {
  const auto proxy = Start();
  const std::string url = absl::StrCat("http://127.0.0.1:", proxy->port());
  const ScopedEnv http("http_proxy", url);
  const ScopedEnv all("ALL_PROXY", url);
  const ScopedEnv exceptions("no_proxy", std::nullopt);
  const ScopedEnv upper_exceptions("NO_PROXY", std::nullopt);
  HttpRequest request = Plain(1);
  EXPECT_EQ(ErrorOf(request),
            absl::UnavailableError("no connection: Connection refused"));
  EXPECT_EQ(requests_, 0);
  request.proxy = HttpRequest::Proxy::kEnvironment;
  EXPECT_TRUE(client_.Send(request).ok());
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(last_.target, "http://127.0.0.1:1/token?secret=1");
}

TEST(CheckHttpsUrlTest, TakesHttpsUrlsAndShowsNoQuery) {
  const std::pair<const char*, const char*> kGood[] = {
      {"https://auth.yandex.cloud/oauth/token",
       "https://auth.yandex.cloud/oauth/token"},
      {"https://localhost:8443", "https://localhost:8443"},
      {"HTTPS://[::1]:8443/a?b=c", "HTTPS://[::1]:8443/a"},
  };
  for (const auto& [url, shown] : kGood) {
    const auto checked = CheckHttpsUrl(url, "url", "https://a");
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(*checked, shown);
  }
  const std::pair<std::string, const char*> kBad[] = {
      {"", "is empty"},
      {"http://auth.yandex.cloud/", "is not encrypted, and a secret is sent"},
      {"auth.yandex.cloud/oauth/token", "does not begin with https://"},
      {"ftp://auth.yandex.cloud/", "does not begin with https://"},
      {"https://", "is no URL"},
      {"https://host:99999/", "is no URL"},
      {"https://user:word@host/", "holds a user or a password"},
      {"https://user@host/", "holds a user or a password"},
      {"https://host/#part", "holds a #fragment"},
      {"https://ho st/", "holds white space, a control byte"},
      {"https://host/\n", "holds white space, a control byte"},
      {"https://" + std::string(3000, 'a'), "is too long"},
  };
  for (const auto& [url, fault] : kBad) {
    const auto checked = CheckHttpsUrl(url, "url", "https://a");
    ASSERT_FALSE(checked.ok()) << url;
    EXPECT_EQ(checked.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(checked.status().message()),
                StartsWith(absl::StrCat("url: ", fault)));
    EXPECT_THAT(std::string(checked.status().message()),
                HasSubstr("; write an https URL, such as https://a"));
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
