// No secret in any text: statuses, statistics, events, names, logs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "tests/auth_testing.h"
#include "tests/function_source.h"
#include "tests/leak_testing.h"
#include "tests/secret_testing.h"

extern char** environ;

namespace aistudio::auth {
namespace {

using testing::FakeIam;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ScopedEnv;

constexpr char kVariable[] = "AISTUDIO_AUTH_LEAK_TEST";
constexpr char kExpectLogs[] = "AISTUDIO_AUTH_LEAK_TEST_EXPECTS_LOGS";
constexpr char kSourceToken[] = "t1.zQ7Kp2Vx9Lm4Tn8RsW3bYd6HfG1JcX5ZaE0uIoP";

class SecretLeakTest : public ::testing::Test {
 protected:
  SecretLeakTest() {
    key_ = cloud_->service_account_key_json();
    const std::string text = absl::StrReplaceAll(key_, {{"\\n", "\n"}});
    pem_ = text.substr(text.find("-----BEGIN PRIVATE KEY-----"));
    pem_.resize(pem_.find("-----END PRIVATE KEY-----") + 26);
    for (const std::string& secret :
         {cloud_->oauth_token(), cloud_->api_key(), PemBody(pem_),
          std::string(kSourceToken)}) {
      detector_->AddSecret(secret);
    }
    options_.registry = ProviderRegistry::Create(
        {nullptr, [detector = detector_,
                   log = log_.callback()](const RefreshEvent& event) {
           detector->AddEvent(event);
           log(event);
         }});
    options_.initial_backoff = absl::Milliseconds(20);
    capture_.emplace();
  }

  void TearDown() override {
    for (const CredentialsStats& stats : options_.registry->Snapshot()) {
      detector_->AddStats("Snapshot", stats);
    }
    for (const auto& call : cloud_->ai_studio().calls()) {
      const auto header = call.metadata.find("authorization");
      if (header == call.metadata.end()) continue;
      detector_->AddSecret(header->second.substr(header->second.find(' ') + 1));
    }
    if (!cloud_->iam().last_token().empty()) {
      detector_->AddSecret(cloud_->iam().last_token());
    }
    cloud_.reset();  // it logs, too
    const std::string output = capture_->Stop();
    if (HasFailure()) std::fputs(output.c_str(), stderr);
    if (std::getenv(kExpectLogs) != nullptr) {
      EXPECT_THAT(output, Not(IsEmpty()));
    }
    detector_->AddText("stdout and stderr", output);
    EXPECT_THAT(detector_->FindLeaks(), IsEmpty());
  }

  IamOptions Options() {
    IamOptions options = cloud_->iam_options();
    options.refresh = options_;
    return options;
  }

  Credentials Key() { return *ServiceAccountKeyCredentials(key_, Options()); }
  Credentials OAuth() {
    return *OAuthTokenCredentials(cloud_->oauth_token(), Options());
  }
  Credentials Source(FunctionSource::Function fetch) {
    return *TokenSourceCredentials(MakeSource(std::move(fetch)), options_);
  }

  // Calls with them, and looks at all they say.
  grpc::Status Use(const std::string& name, const Credentials& credentials) {
    detector_->AddCredentials(name + " before", credentials);
    const auto channel = Connect(*cloud_, credentials);
    const grpc::Status status = Call(channel);
    detector_->AddRpc(name + " call", status);
    detector_->AddRpc(name + " stream", Stream(channel, 2));
    detector_->AddCredentials(name + " after", credentials);
    return status;
  }

  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  const std::shared_ptr<LeakDetector> detector_ =
      std::make_shared<LeakDetector>();
  EventLog log_;
  RefreshOptions options_;
  std::string key_;
  std::string pem_;
  std::optional<OutputCapture> capture_;
};

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

// The same again, in a process where gRPC logs all it can but the content of
// calls: its tracers of the wire and of operations show each header in full.
TEST(SecretLeakInLogsTest, NoSecretIsInWhatGrpcLogs) {
  if (std::getenv(kExpectLogs) != nullptr) GTEST_SKIP() << "is that process";
  const ScopedEnv verbosity("GRPC_VERBOSITY", "DEBUG");
  const ScopedEnv trace(
      "GRPC_TRACE",
      "plugin_credentials,connectivity_state,handshaker,transport_security,tsi,"
      "subchannel,subchannel_pool,client_channel_routing,pick_first,"
      "cares_resolver,executor,timer,queue_pluck");
  const ScopedEnv expect(kExpectLogs, "1");
  char filter[] = "--gtest_filter=SecretLeakTest.*";
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
              ::testing::ElementsAre("whole", "part", "token", "jwt", "status",
                                     "stats, stats().last_error",
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
