// Workload identity federation: WorkloadIdentityAuth over real sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "src/core/retry_delay.h"
#include "src/sources/token_exchange_source.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using internal::TokenExchangeSource;
using testing::FakeHttpService;
using ::testing::HasSubstr;
using testing::ManualClock;
using ::testing::Not;
using ::testing::StartsWith;
using Answer = FakeHttpService::Answer;

constexpr char kCheckFile[] =
    "check WorkloadIdentityOptions::subject_token_path and what writes the "
    "file";
constexpr char kCheckUrl[] =
    "check that WorkloadIdentityOptions::token_url is the token exchange of "
    "Yandex Cloud";
constexpr char kCheckFederation[] =
    "check that the subject token has not expired, that the federation has "
    "its issuer and audience, and that the service account has a federated "
    "credential for its subject";

class WorkloadIdentityTest : public ::testing::Test {
 protected:
  WorkloadIdentityTest() {
    std::filesystem::create_directory(folder_);
    Write(ca_file_, cloud_->root_certificates());
    Write(token_file_, exchange().subject_token() + "\n");
    options_ = exchange().options(token_file_, ca_file_);
    options_.refresh.registry = registry_;
  }
  ~WorkloadIdentityTest() override { std::filesystem::remove_all(folder_); }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  testing::FakeTokenExchange& exchange() { return cloud_->token_exchange(); }

  Credentials Make() {
    auto credentials = WorkloadIdentityCredentials(options_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  // One fetch, without a registry.
  absl::StatusOr<Token> Fetch(absl::Duration timeout = absl::Seconds(10)) {
    TokenExchangeSource source(
        {options_.service_account_id, options_.subject_token_path,
         options_.token_url, exchange().url(), options_.ca_file},
        clock_);
    return source.Fetch(clock_->Now() + timeout);
  }

  // The text of the error of a fetch, without `where` before it.
  std::string ErrorText(absl::StatusCode code, const std::string& where) {
    const absl::Status error = Fetch().status();
    EXPECT_EQ(error.code(), code) << error;
    const std::string text(error.message());
    EXPECT_THAT(text, StartsWith(where + ": "));
    EXPECT_THAT(text, Not(HasSubstr("t1.")));
    EXPECT_THAT(text, Not(HasSubstr("eyJ")));
    return text.substr(std::min(text.size(), where.size() + 2));
  }
  std::string ErrorText(absl::StatusCode code) {
    return ErrorText(code, exchange().url());
  }
  std::string FileError(absl::StatusCode code) {
    return ErrorText(code, "subject token file " + token_file_);
  }

  absl::Status Refusal() {
    return WorkloadIdentityCredentials(options_).status();
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
  const std::string folder_ =
      absl::StrCat(::testing::TempDir(), "/workload_identity_", getpid());
  const std::string ca_file_ = folder_ + "/ca.pem";
  const std::string token_file_ = folder_ + "/token";
  WorkloadIdentityOptions options_;
};

TEST_F(WorkloadIdentityTest, CallsCarryTheTokenOfTheServiceAccount) {
  const Credentials credentials = Make();
  const auto channel = Connect(*cloud_, credentials);
  const grpc::Status status = Call(channel);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Stream(channel, 3).ok());
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  EXPECT_EQ(exchange().requests(), 1);
  EXPECT_EQ(*credentials.AuthorizationHeader(),
            "Bearer " + exchange().last_token());
  EXPECT_EQ(credentials.stats().expires_at, clock_->Now() + absl::Hours(12));
  EXPECT_EQ(
      credentials.DebugString(),
      absl::StrCat(
          "WorkloadIdentityAuth{service_account=", options_.service_account_id,
          ", subject_token=", token_file_, ", url=", exchange().url(), "}"));
}

TEST_F(WorkloadIdentityTest, TheFileIsReadForEveryExchange) {
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  exchange().RemoveSubjectToken(exchange().subject_token());
  exchange().AddSubjectToken("eyJ.another+one/of=base64",
                             options_.service_account_id);
  Write(token_file_, "  eyJ.another+one/of=base64  ");
  clock_->Advance(absl::Hours(1));
  ASSERT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_EQ(exchange().requests(), 2);
}

TEST_F(WorkloadIdentityTest, AFailedExchangeKeepsTheOldToken) {
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  std::filesystem::remove(token_file_);
  clock_->Advance(absl::Hours(1));
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_EQ(credentials.status(), absl::OkStatus());
  EXPECT_EQ(credentials.stats().last_error.code(), absl::StatusCode::kNotFound);
}

TEST_F(WorkloadIdentityTest, FaultsOfTheFileNameItAndNotItsContent) {
  std::filesystem::remove(token_file_);
  EXPECT_EQ(FileError(absl::StatusCode::kNotFound),
            absl::StrCat("does not exist; ", kCheckFile));
  std::filesystem::create_directory(token_file_);
  EXPECT_EQ(FileError(absl::StatusCode::kInvalidArgument),
            absl::StrCat("is no regular file; ", kCheckFile));
  std::filesystem::remove(token_file_);
  ASSERT_EQ(mkfifo(token_file_.c_str(), 0600), 0);
  EXPECT_EQ(FileError(absl::StatusCode::kInvalidArgument),
            absl::StrCat("is no regular file; ", kCheckFile));
  std::filesystem::remove(token_file_);
  const std::pair<std::string, std::string> kContents[] = {
      {"", "is empty"},
      {" \n", "holds nothing but white space"},
      {"eyJhbGci eyJhbGci", "holds white space at byte 8"},
      {"eyJhbGci\neyJhbGci", "holds a line break at byte 8"},
      {std::string("eyJhbGci\0", 9), "holds a control byte at byte 8"},
      {"eyJhbGci\xD1\x8F", "holds a byte that is not ASCII at byte 8"},
      {std::string(16 * 1024 + 1, 'e'), "is longer than 16 KiB"},
  };
  for (const auto& [content, what] : kContents) {
    Write(token_file_, content);
    EXPECT_EQ(FileError(absl::StatusCode::kInvalidArgument),
              absl::StrCat(what, "; ", kCheckFile));
  }
  if (geteuid() != 0) {
    ASSERT_EQ(chmod(token_file_.c_str(), 0), 0);
    EXPECT_EQ(FileError(absl::StatusCode::kPermissionDenied),
              absl::StrCat("may not be read by this user; ", kCheckFile));
  }
  EXPECT_EQ(exchange().requests(), 0);
}

TEST_F(WorkloadIdentityTest, TheFileMayBeASymbolicLink) {
  std::filesystem::rename(token_file_, folder_ + "/data");
  std::filesystem::create_symlink("data", token_file_);
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(WorkloadIdentityTest, RefusalsOfTheExchangeAreShown) {
  exchange().RemoveSubjectToken(exchange().subject_token());
  const std::string text = absl::StrCat(
      "it answered with status 400, invalid_grant: The subject token is "
      "invalid or expired; ",
      kCheckFederation);
  EXPECT_EQ(ErrorText(absl::StatusCode::kUnauthenticated), text);
  const Credentials credentials = Make();
  EXPECT_EQ(credentials.WaitUntilReady(absl::Seconds(10)),
            absl::UnauthenticatedError(absl::StrCat(
                "WorkloadIdentityAuth: ", exchange().url(), ": ", text)));

  exchange().AddSubjectToken(exchange().subject_token(), "ajeanother");
  EXPECT_EQ(ErrorText(absl::StatusCode::kUnauthenticated),
            absl::StrCat("it answered with status 400, invalid_target: No "
                         "federated credential of the service account fits; ",
                         kCheckFederation));
}

TEST_F(WorkloadIdentityTest, ARefusalThatQuotesTheSubjectTokenIsNotShown) {
  exchange().QuoteSubjectToken(true);
  for (const std::string& token :
       {exchange().subject_token(), std::string("short-opaque-one")}) {
    exchange().RemoveSubjectToken(token);
    Write(token_file_, token);
    EXPECT_EQ(ErrorText(absl::StatusCode::kUnauthenticated),
              absl::StrCat("it answered with status 400, invalid_grant: "
                           "[redacted]; ",
                           kCheckFederation));
  }
}

TEST_F(WorkloadIdentityTest, ErrorsHaveTheirCodes) {
  const struct {
    int status;
    const char* error;
    absl::StatusCode code;
  } kCases[] = {
      {400, "invalid_grant", absl::StatusCode::kUnauthenticated},
      {401, "invalid_client", absl::StatusCode::kUnauthenticated},
      {400, "unauthorized_client", absl::StatusCode::kUnauthenticated},
      {400, "invalid_target", absl::StatusCode::kUnauthenticated},
      {400, "invalid_request", absl::StatusCode::kInvalidArgument},
      {400, "unsupported_grant_type", absl::StatusCode::kInvalidArgument},
      {403, "access_denied", absl::StatusCode::kPermissionDenied},
      {400, "temporarily_unavailable", absl::StatusCode::kUnavailable},
      {404, "not_found", absl::StatusCode::kNotFound},
      {429, "invalid_grant", absl::StatusCode::kResourceExhausted},
      {503, "invalid_grant", absl::StatusCode::kUnavailable},
  };
  for (const auto& test : kCases) {
    exchange().FailNext(1, test.status, absl::ZeroDuration(),
                        absl::StrCat("{\"error\":\"", test.error, "\"}"));
    EXPECT_THAT(ErrorText(test.code),
                StartsWith(absl::StrCat("it answered with status ", test.status,
                                        ", ", test.error, "; ")));
  }
}

TEST_F(WorkloadIdentityTest, ErrorsWithoutTheirFormAreDescribed) {
  const char* const kBodies[] = {
      "",       "[]",
      "<html>", "{\"error\":7}",
      "{",      "{\"error_description\":\"t1.abcdefghij\"}"};
  for (const std::string body : kBodies) {
    exchange().FailNext(1, 400, absl::ZeroDuration(), body);
    EXPECT_EQ(ErrorText(absl::StatusCode::kInvalidArgument),
              absl::StrCat("it answered with status 400 (of no content type, ",
                           body.size(),
                           " bytes); check WorkloadIdentityOptions::"
                           "service_account_id and the subject token"));
  }
}

TEST_F(WorkloadIdentityTest, RetryAfterIsHonoured) {
  exchange().FailNext(1, 503, absl::Seconds(40));
  EXPECT_EQ(internal::RetryDelayOf(Fetch().status()), absl::Seconds(40));
}

TEST_F(WorkloadIdentityTest, OddAnswersAreErrorsThatSayWhatCame) {
  const std::pair<Answer, std::string> kCases[] = {
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
      {Answer::kNotHttp, "the answer is no HTTP"},
      {Answer::kTooLong, "the answer is longer than 64 KiB"},
      {Answer::kRedirect,
       "it answered with status 302, a redirect, which is not followed"},
  };
  for (const auto& [answer, what] : kCases) {
    exchange().SetAnswer(answer);
    const std::string text = ErrorText(absl::StatusCode::kInternal);
    EXPECT_THAT(text, StartsWith(what));
    EXPECT_THAT(text, ::testing::EndsWith(absl::StrCat("; ", kCheckUrl)));
  }
  exchange().SetAnswer(Answer::kCutOff);
  EXPECT_THAT(ErrorText(absl::StatusCode::kUnavailable),
              StartsWith("the connection broke before the answer was "
                         "complete; check the network"));
}

TEST_F(WorkloadIdentityTest, EveryWaitEndsAtItsBound) {
  exchange().Hang(true);
  absl::Time start = absl::Now();
  EXPECT_EQ(Fetch(absl::Seconds(1)).status(),
            absl::DeadlineExceededError(absl::StrCat(
                exchange().url(),
                ": no answer within 1s; check the network, the proxy and "
                "WorkloadIdentityOptions::token_url; it is tried again")));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  exchange().Hang(false);
  exchange().SetAnswer(Answer::kSlow);
  start = absl::Now();
  EXPECT_EQ(Fetch(absl::Milliseconds(1500)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST_F(WorkloadIdentityTest, AServerThatIsDownOrNotTrustedIsNamed) {
  options_.ca_file.clear();
  const std::string untrusted = ErrorText(absl::StatusCode::kUnavailable);
  EXPECT_THAT(untrusted, StartsWith("no TLS connection: "));
  EXPECT_THAT(untrusted,
              HasSubstr("; check WorkloadIdentityOptions::ca_file and"));
  EXPECT_EQ(exchange().requests(), 0);
  options_.ca_file = ca_file_;
  exchange().Stop();
  EXPECT_THAT(ErrorText(absl::StatusCode::kUnavailable),
              StartsWith("no connection: Connection refused; check the "
                         "network, the proxy and"));
  EXPECT_EQ(exchange().Restart(), absl::OkStatus());
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(WorkloadIdentityTest, OptionsThatCannotWorkNameTheField) {
  const WorkloadIdentityOptions good = options_;
  const auto expect_fault = [&](const std::string& text) {
    const absl::Status error = Refusal();
    EXPECT_EQ(error.code(), absl::StatusCode::kInvalidArgument) << error;
    EXPECT_THAT(
        std::string(error.message()),
        StartsWith("WorkloadIdentityAuth: WorkloadIdentityOptions::" + text));
    options_ = good;
  };
  options_.service_account_id.clear();
  expect_fault("service_account_id: is empty; pass the id of the service");
  options_.service_account_id = "aje/../1";
  expect_fault("service_account_id: is no id of a service account; ");
  options_.service_account_id = "t1.9euelZqVkpqPzJ";
  expect_fault("service_account_id: is no id of a service account; ");
  options_.subject_token_path.clear();
  expect_fault("subject_token_path: is empty; pass the path of the subject");
  options_.subject_token_path = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln";
  expect_fault("subject_token_path: is no path; pass the path");
  options_.token_url = "http://localhost/oauth/token";
  expect_fault(
      "token_url: is not encrypted, and a secret is sent there; write an https "
      "URL, such as https://auth.yandex.cloud/oauth/token");
  options_.token_url.clear();
  expect_fault("token_url: is empty; write an https URL, such as ");
  options_.token_url = "https://user:word@localhost/";
  expect_fault("token_url: holds a user or a password; write");
  options_.ca_file = folder_ + "/missing";
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Refusal().message()),
              HasSubstr("WorkloadIdentityOptions::ca_file: "));
}

TEST_F(WorkloadIdentityTest, EqualCredentialsShareAProvider) {
  const Credentials one = Make();
  const Credentials two = Make();
  EXPECT_EQ(one.call_credentials(), two.call_credentials());
  options_.service_account_id = "ajeanother";
  EXPECT_NE(Make().call_credentials(), two.call_credentials());
}

}  // namespace
}  // namespace aistudio::auth
