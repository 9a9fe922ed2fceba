// No secret in any text: statuses, statistics, events, names, logs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "tests/auth_testing.h"
#include "tests/leak_fixture.h"
#include "tests/leak_testing.h"
#include "tests/secret_testing.h"

extern char** environ;

namespace aistudio::auth {
namespace {

using testing::FakeIam;
using testing::ScopedEnv;

TEST_F(SecretLeakTest, GoodCallsOfEveryMethod) {
  EXPECT_TRUE(Use("api key", *ApiKeyCredentials(cloud_->api_key())).ok());
  EXPECT_TRUE(Use("key", Key()).ok());
  EXPECT_TRUE(Use("oauth", OAuth()).ok());
  const std::string token = cloud_->iam().last_token();
  EXPECT_TRUE(Use("iam token", *IamTokenCredentials(token)).ok());
  EXPECT_TRUE(Use("source", Source([token] {
                    return Token{token, absl::Now() + absl::Hours(1)};
                  }))
                  .ok());
  const ScopedEnv variable(kVariable, token);
  EXPECT_TRUE(Use("variable", *EnvIamTokenCredentials(kVariable)).ok());
  EXPECT_TRUE(
      Use("with", Key().WithFolderId("b1g").WithMinRemaining(absl::Minutes(1)))
          .ok());
}

TEST_F(SecretLeakTest, AnIamThatQuotesTheSecretBack) {
  options_.fetch_timeout = absl::Milliseconds(200);
  for (const auto code :
       {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::UNAVAILABLE}) {
    for (const std::string& text :
         {"OAuth token " + cloud_->oauth_token() + " is unknown",
          "the value '" + cloud_->oauth_token() + "' of yandex_passport_oauth",
          "Authorization: Bearer " + std::string(kSourceToken), pem_,
          absl::StrReplaceAll(pem_, {{"\n", "\\n"}}), PemBody(pem_)}) {
      cloud_->iam().FailAlways(grpc::Status(code, text, text));
      EXPECT_FALSE(Use("oauth", OAuth()).ok());
      EXPECT_FALSE(Use("key", Key()).ok());
    }
  }
}

TEST_F(SecretLeakTest, AnswersThatAreNoGoodToken) {
  options_.fetch_timeout = absl::Milliseconds(200);
  for (const auto answer :
       {FakeIam::Answer::kIllegalBytes, FakeIam::Answer::kExpiryInThePast,
        FakeIam::Answer::kNoToken}) {
    cloud_->iam().SetAnswer(answer);
    EXPECT_FALSE(Use("oauth", OAuth()).ok());
  }
  const std::string token = kSourceToken;
  for (const std::string& value :
       {token + "\n" + token, token + "\x01" + token, token + " " + token,
        "Bearer " + token, token + "\xD0\x96", std::string(8000, 'x') + token,
        token + std::string(1, '\0') + token}) {
    EXPECT_FALSE(Use("source", Source([value] {
                       return Token{value, absl::InfiniteFuture()};
                     }))
                     .ok());
    if (value.find('\0') != std::string::npos) continue;
    const ScopedEnv variable(kVariable, value);
    EXPECT_FALSE(Use("variable", *EnvIamTokenCredentials(kVariable)).ok());
  }
}

TEST_F(SecretLeakTest, TokensThatTheServiceRejects) {
  const Credentials credentials = Key();
  EXPECT_TRUE(Use("before", credentials).ok());
  const std::string header = *credentials.AuthorizationHeader();
  cloud_->iam().RevokeAllTokens();
  EXPECT_EQ(Use("revoked", credentials).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  credentials.ReportRejected(header);
  EXPECT_TRUE(log_.WaitForSuccesses(2));
  EXPECT_TRUE(Use("renewed", credentials).ok());
}

TEST_F(SecretLeakTest, CallsAndArgumentsThatAreRefused) {
  const Credentials base = Key();
  ASSERT_EQ(base.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  for (const std::string& text :
       {std::string(kSourceToken), "Bearer " + cloud_->oauth_token(),
        cloud_->api_key(), pem_, key_}) {
    EXPECT_FALSE(Use("hosts", base.WithAllowedHosts({text})).ok());
    Use("folder", base.WithFolderId(text));
  }
  EXPECT_FALSE(Use("no hosts", base.WithAllowedHosts({})).ok());
  EXPECT_FALSE(Use("remaining", base.WithMinRemaining(absl::Hours(1000))).ok());
}

TEST_F(SecretLeakTest, SecretsInTheWrongPlace) {
  const std::string kSecrets[] = {cloud_->api_key(), cloud_->oauth_token(),
                                  kSourceToken, key_, pem_};
  for (const std::string& secret : kSecrets) {
    for (const std::string& text :
         {secret, secret + " " + secret, secret + "\n" + secret,
          secret.substr(0, secret.size() / 2), "{" + secret, "\"" + secret}) {
      IamOptions endpoint = Options();
      endpoint.endpoint = text;
      IamOptions audience = Options();
      audience.jwt_audience = text + "\n";
      const absl::Status kStatuses[] = {
          ApiKeyCredentials(text).status(),
          IamTokenCredentials(text).status(),
          EnvIamTokenCredentials(text).status(),
          OAuthTokenCredentials(text, Options()).status(),
          ServiceAccountKeyCredentials(text, Options()).status(),
          ServiceAccountKeyFileCredentials(text, Options()).status(),
          ServiceAccountKeyFileCredentials("/tmp/" + text, Options()).status(),
          ServiceAccountKeyCredentials(key_, endpoint).status(),
          ServiceAccountKeyCredentials(key_, audience).status(),
      };
      for (const absl::Status& status : kStatuses) {
        detector_->AddStatus("factory", status);
      }
    }
  }
}

TEST_F(SecretLeakTest, SourcesThatTellTooMuch) {
  options_.fetch_timeout = absl::Milliseconds(200);
  const std::string text = std::string("I got ") + kSourceToken;
  EXPECT_FALSE(
      Use("status", Source([text] { return absl::UnavailableError(text); }))
          .ok());
  EXPECT_FALSE(Use("exception", Source([text]() -> absl::StatusOr<Token> {
                     throw std::runtime_error(text);
                   }))
                   .ok());
  const auto source =
      MakeSource([text] { return absl::NotFoundError(text); }, text);
  EXPECT_FALSE(Use("name", *TokenSourceCredentials(source, options_)).ok());
}

TEST_F(SecretLeakTest, CredentialsThatAreDroppedWhileTheyAreAsked) {
  cloud_->iam().Hang(true);
  std::shared_ptr<grpc::Channel> channel;
  {
    const Credentials credentials = OAuth();
    channel = Connect(*cloud_, credentials);
    detector_->AddRpc("waiting", Call(channel, absl::Milliseconds(200)));
    detector_->AddCredentials("dropped", credentials);
  }
  channel.reset();
  cloud_->iam().Hang(false);
  cloud_->iam().Stop();
  options_.fetch_timeout = absl::Milliseconds(200);
  EXPECT_FALSE(Use("down", Key()).ok());
}

// The same again, in a process where gRPC logs all it can. A plugin cannot keep
// these tracers from showing what it handed over, or what a server sent; each
// shows a secret in full when it alone is switched on:
//   api, channel, client_channel_call, client_channel_lb_call, retry, http,
//   chttp2_hpack_parser   the headers of calls
//   secure_endpoint       the bytes within TLS
//   call_error            the server's error, before any of it reaches us
TEST(SecretLeakInLogsTest, NoSecretIsInWhatGrpcLogs) {
  if (std::getenv(kExpectLogs) != nullptr) GTEST_SKIP() << "is that process";
  const ScopedEnv verbosity("GRPC_VERBOSITY", "DEBUG");
  const ScopedEnv trace(
      "GRPC_TRACE",
      "all,-api,-channel,-client_channel_call,-client_channel_lb_call,-retry,"
      "-http,-chttp2_hpack_parser,-secure_endpoint,-call_error");
  const ScopedEnv expect(kExpectLogs, "1");
  char filter[] = "--gtest_filter=SecretLeakTest.*:MethodLeakTest.*";
  char program[] = "/proc/self/exe";
  char* arguments[] = {program, filter, nullptr};
  pid_t child = 0;
  ASSERT_EQ(posix_spawn(&child, program, nullptr, nullptr, arguments, environ),
            0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(LeakDetectorTest, FindsWhatIsPlanted) {
  const std::string secret = "abcdefghijklmnopqrstuvwxyz";
  LeakDetector detector;
  detector.AddSecret(secret);
  detector.AddText("whole", "the secret is " + secret);
  detector.AddText("part", "[redacted]opqrstuvwxyz");
  detector.AddText("short part", "[redacted]pqrstuvwxyz");
  detector.AddText("token", "Bearer t1.AAAAAAAAAAAAA");
  detector.AddText("jwt", "eyJAAAAAAAAAAAAA");
  detector.AddText("base64", absl::Base64Escape("x:" + secret + "!"));
  detector.AddText("redacted", "Bearer [redacted]");
  detector.AddStatus("status", absl::UnavailableError(secret));
  CredentialsStats stats;
  stats.last_error = absl::UnavailableError(secret);
  detector.AddStats("stats", stats);
  RefreshEvent event;
  event.provider = secret;
  detector.AddEvent(event);
  detector.AddRpc("rpc", grpc::Status(grpc::StatusCode::UNKNOWN, "", secret));
  std::vector<std::string> places;
  for (const std::string& leak : detector.FindLeaks()) {
    places.push_back(leak.substr(0, leak.find(": ...")));
  }
  EXPECT_THAT(places,
              ::testing::ElementsAre("whole", "part", "token", "jwt", "base64",
                                     "status", "stats, stats().last_error",
                                     "event.provider", "rpc, details"));
}

TEST(LeakDetectorTest, OutputOfAllKindsIsCaptured) {
  OutputCapture capture;
  std::printf("by stdio;");
  std::fprintf(stderr, "by stderr;");
  std::fflush(stdout);
  ASSERT_EQ(write(1, "by hand;", 8), 8);
  const std::string text = capture.Stop();
  for (const char* part : {"by stdio;", "by stderr;", "by hand;"}) {
    EXPECT_THAT(text, ::testing::HasSubstr(part));
  }
}

}  // namespace
}  // namespace aistudio::auth
