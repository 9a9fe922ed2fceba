#include "aistudio/auth/testing/fake_cloud.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio_auth/iam.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "gtest/gtest.h"
#include "openssl/bio.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/rsa.h"

namespace aistudio::auth::testing {
namespace {

using aistudio_auth::wire::CreateIamTokenRequest;
using aistudio_auth::wire::CreateIamTokenResponse;
using Answer = FakeIam::Answer;

constexpr char kCreate[] = "/yandex.cloud.iam.v1.IamTokenService/Create";
constexpr char kAudience[] = "https://iam.api.cloud.yandex.net/iam/v1/tokens";
constexpr char kMethod[] = "/test.Service/Method";

std::chrono::system_clock::time_point SoonEnough() {
  return absl::ToChronoTime(absl::Now() + absl::Seconds(30));
}

std::shared_ptr<grpc::Channel> NewChannel(const FakeCloud& cloud,
                                          const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(endpoint, grpc::SslCredentials(cloud.ssl()),
                                   arguments);
}

// A unary call under way.
template <typename Request, typename Response>
class Call {
 public:
  Call(std::shared_ptr<grpc::Channel> channel, const std::string& method,
       const Request& request, const std::vector<std::string>& headers = {})
      : stub_(std::move(channel)) {
    for (const std::string& header : headers) {
      context_.AddMetadata("authorization", header);
    }
    context_.set_deadline(SoonEnough());
    reader_ = stub_.PrepareUnaryCall(&context_, method, request, &queue_);
    reader_->StartCall();
    reader_->Finish(&response_, &status_, nullptr);
  }

  ~Call() {
    context_.TryCancel();
    Wait();
    queue_.Shutdown();
  }

  const grpc::Status& Wait() {
    void* tag = nullptr;
    bool ok = false;
    if (!waited_) waited_ = queue_.Next(&tag, &ok);
    return status_;
  }

  bool IsPending() {
    void* tag = nullptr;
    bool ok = false;
    if (!waited_) {
      waited_ = queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now()) ==
                grpc::CompletionQueue::GOT_EVENT;
    }
    return !waited_;
  }

  void Cancel() { context_.TryCancel(); }

  const Response& response() const { return response_; }

 private:
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::TemplatedGenericStub<Request, Response> stub_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader_;
  Response response_;
  grpc::Status status_;
  bool waited_ = false;
};

using CreateCall = Call<CreateIamTokenRequest, CreateIamTokenResponse>;
using EchoCall = Call<grpc::ByteBuffer, grpc::ByteBuffer>;

grpc::ByteBuffer ToBytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToText(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.Valid() || !bytes.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()),
                     slice.size());
}

// A streaming call, each step of which blocks.
class Stream {
 public:
  Stream(std::shared_ptr<grpc::Channel> channel, const std::string& method,
         const std::string& header)
      : stub_(std::move(channel)) {
    context_.AddMetadata("authorization", header);
    context_.set_deadline(SoonEnough());
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(nullptr);
    Step();
  }

  ~Stream() {
    context_.TryCancel();
    if (!finished_) Finish();
    queue_.Shutdown();
  }

  bool Write(const std::string& text) {
    stream_->Write(ToBytes(text), nullptr);
    return Step();
  }

  void WritesDone() {
    stream_->WritesDone(nullptr);
    Step();
  }

  // "<end>" when there is nothing more to read.
  std::string Read() {
    grpc::ByteBuffer message;
    stream_->Read(&message, nullptr);
    return Step() ? ToText(message) : "<end>";
  }

  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Step();
    finished_ = true;
    return status;
  }

 private:
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

struct Jwt {
  std::string typ = "JWT";
  std::string alg = "PS256";
  std::string key_id;
  std::string issuer;
  std::string audience = kAudience;
  std::string issued_at;
  std::string expires_at;
  std::string private_key;
};

Jwt JwtFor(const std::string& key_json, absl::Time now) {
  aistudio_auth::wire::ServiceAccountKeyFile file;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(key_json, &file, options)
          .ok());
  Jwt jwt;
  jwt.key_id = file.id();
  jwt.issuer = file.service_account_id();
  jwt.issued_at = absl::StrCat(absl::ToUnixSeconds(now));
  jwt.expires_at = absl::StrCat(absl::ToUnixSeconds(now) + 3600);
  jwt.private_key = file.private_key();
  return jwt;
}

std::string Sign(const Jwt& jwt) {
  const std::string text = absl::StrCat(
      absl::WebSafeBase64Escape(
          absl::StrCat("{\"typ\":\"", jwt.typ, "\",\"alg\":\"", jwt.alg,
                       "\",\"kid\":\"", jwt.key_id, "\"}")),
      ".",
      absl::WebSafeBase64Escape(absl::StrCat(
          "{\"iss\":\"", jwt.issuer, "\",\"aud\":\"", jwt.audience,
          "\",\"iat\":", jwt.issued_at, ",\"exp\":", jwt.expires_at, "}")));
  BIO* bio = BIO_new_mem_buf(jwt.private_key.data(),
                             static_cast<int>(jwt.private_key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  EXPECT_NE(key, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* padding = nullptr;
  EVP_DigestSignInit(context, &padding, EVP_sha256(), nullptr, key);
  EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
  EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, 32);
  std::string signature(512, '\0');
  std::size_t size = signature.size();
  EXPECT_EQ(
      EVP_DigestSign(
          context, reinterpret_cast<unsigned char*>(signature.data()), &size,
          reinterpret_cast<const unsigned char*>(text.data()), text.size()),
      1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(signature));
}

// The result of connect(), as an errno.
int Connect(const std::string& endpoint) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(
      std::atoi(endpoint.substr(endpoint.find(':') + 1).c_str())));
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  const int result =
      connect(client, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0
          ? 0
          : errno;
  close(client);
  return result;
}

class FakeCloudTest : public ::testing::Test {
 protected:
  FakeCloudTest() {
    FakeCloud::Options options;
    options.clock = clock_;
    auto cloud = FakeCloud::Start(options);
    EXPECT_TRUE(cloud.ok()) << cloud.status();
    cloud_ = *std::move(cloud);
    iam_channel_ = NewChannel(*cloud_, cloud_->iam_endpoint());
    ai_studio_channel_ = NewChannel(*cloud_, cloud_->ai_studio_endpoint());
  }

  std::unique_ptr<CreateCall> StartCreate() {
    CreateIamTokenRequest request;
    request.set_yandex_passport_oauth_token(cloud_->oauth_token());
    return std::make_unique<CreateCall>(iam_channel_, kCreate, request);
  }

  CreateIamTokenResponse Create() {
    auto call = StartCreate();
    EXPECT_TRUE(call->Wait().ok()) << call->Wait().error_message();
    return call->response();
  }

  grpc::StatusCode CreateCode() { return StartCreate()->Wait().error_code(); }

  grpc::Status Exchange(const Jwt& jwt) {
    CreateIamTokenRequest request;
    request.set_jwt(Sign(jwt));
    CreateCall call(iam_channel_, kCreate, request);
    const grpc::Status status = call.Wait();
    EXPECT_EQ(status.error_message().find(request.jwt().substr(0, 10)),
              std::string::npos);
    return status;
  }

  Jwt GoodJwt() {
    return JwtFor(cloud_->service_account_key_json(), clock_->Now());
  }

  void ExpectRefused(const Jwt& jwt, const std::string& fault) {
    const grpc::Status status = Exchange(jwt);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_NE(status.error_message().find(fault), std::string::npos)
        << status.error_message();
  }

  grpc::Status Echo(const std::vector<std::string>& headers) {
    EchoCall call(ai_studio_channel_, kMethod, ToBytes("hello"), headers);
    const grpc::Status status = call.Wait();
    EXPECT_EQ(ToText(call.response()), status.ok() ? "hello" : "");
    return status;
  }

  void ExpectRefusedByAiStudio(const std::vector<std::string>& headers,
                               const std::string& text) {
    const grpc::Status status = Echo(headers);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(status.error_message(), text);
  }

  std::string BearerHeader() { return "Bearer " + Create().iam_token(); }
  std::string ApiKeyHeader() { return "Api-Key " + cloud_->api_key(); }

  absl::Duration SaidLifetime(const CreateIamTokenResponse& response) {
    return absl::FromUnixSeconds(response.expires_at().seconds()) -
           clock_->Now();
  }

  const grpc::Status down_{grpc::StatusCode::UNAVAILABLE, "down"};
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::unique_ptr<FakeCloud> cloud_;
  std::shared_ptr<grpc::Channel> iam_channel_;
  std::shared_ptr<grpc::Channel> ai_studio_channel_;
};

TEST_F(FakeCloudTest, AGoodJwtGivesALiveToken) {
  EXPECT_TRUE(Exchange(GoodJwt()).ok());
  EXPECT_TRUE(Echo({"Bearer " + cloud_->iam().last_token()}).ok());
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);
  EXPECT_EQ(cloud_->iam().requests(), 1);
  EXPECT_EQ(cloud_->iam().failures(), 0);
}

TEST_F(FakeCloudTest, JwtsWithAFaultAreRefused) {
  Jwt jwt = GoodJwt();
  jwt.audience = "https://elsewhere";
  ExpectRefused(jwt, "JWT audience is https://elsewhere");

  jwt = GoodJwt();
  jwt.typ = "at+jwt";
  ExpectRefused(jwt, "JWT typ");

  jwt = GoodJwt();
  jwt.alg = "RS256";
  ExpectRefused(jwt, "JWT alg");

  jwt = GoodJwt();
  jwt.key_id = "aje00000000000000000";
  ExpectRefused(jwt, "JWT key id aje00000000000000000 is unknown");

  jwt = GoodJwt();
  jwt.issuer = "aje11111111111111111";
  ExpectRefused(jwt, "JWT issuer is aje11111111111111111");

  const std::int64_t now = absl::ToUnixSeconds(clock_->Now());
  jwt = GoodJwt();
  jwt.expires_at = absl::StrCat(now);
  ExpectRefused(jwt, "JWT has expired");

  jwt = GoodJwt();
  jwt.expires_at = absl::StrCat(now + 3601);
  ExpectRefused(jwt, "JWT lives longer than an hour");

  jwt = GoodJwt();
  jwt.issued_at = absl::StrCat(now + 61);
  ExpectRefused(jwt, "JWT is issued in the future");

  jwt = GoodJwt();
  jwt.issued_at = absl::StrCat("\"", now, "\"");
  ExpectRefused(jwt, "JWT iat is not a number");

  EXPECT_EQ(cloud_->iam().failures(), cloud_->iam().requests());
  EXPECT_EQ(cloud_->iam().tokens_issued(), 0);
}

TEST_F(FakeCloudTest, AJwtSignedWithTheKeyOfAnotherAccountIsRefused) {
  const Jwt other = JwtFor(
      cloud_->iam().AddServiceAccount("aje22222222222222222"), clock_->Now());
  EXPECT_EQ(other.issuer, "aje22222222222222222");
  Jwt jwt = GoodJwt();
  jwt.private_key = other.private_key;
  ExpectRefused(jwt, "JWT signature is wrong");
}

TEST_F(FakeCloudTest, AMalformedJwtIsRefused) {
  for (const std::string jwt : {"eyJ", "a.b", "a.b.c", "..", "a=.b.c"}) {
    CreateIamTokenRequest request;
    request.set_jwt(jwt);
    CreateCall call(iam_channel_, kCreate, request);
    EXPECT_EQ(call.Wait().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST_F(FakeCloudTest, TheAudienceCanBeSet) {
  cloud_->iam().SetJwtAudience("https://elsewhere");
  ExpectRefused(GoodJwt(), "JWT audience is");
  Jwt jwt = GoodJwt();
  jwt.audience = "https://elsewhere";
  EXPECT_TRUE(Exchange(jwt).ok());
}

TEST_F(FakeCloudTest, ServiceAccountsCanBeAddedAndDeleted) {
  const std::string id = "aje22222222222222222";
  const Jwt jwt = JwtFor(cloud_->iam().AddServiceAccount(id), clock_->Now());
  EXPECT_TRUE(Exchange(jwt).ok());
  cloud_->iam().DeleteServiceAccount(id);
  ExpectRefused(jwt, "is unknown");
  EXPECT_TRUE(Exchange(GoodJwt()).ok());
}

TEST_F(FakeCloudTest, OAuthTokensAreExchangedIfKnown) {
  EXPECT_TRUE(Echo({BearerHeader()}).ok());

  CreateIamTokenRequest request;
  request.set_yandex_passport_oauth_token("y0_unknown");
  CreateCall unknown(iam_channel_, kCreate, request);
  EXPECT_EQ(unknown.Wait().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(unknown.Wait().error_message(),
            "OAuth token is invalid or expired");

  cloud_->iam().AddOAuthToken("y0_unknown");
  CreateCall known(iam_channel_, kCreate, request);
  EXPECT_TRUE(known.Wait().ok());
}

TEST_F(FakeCloudTest, IamKnowsNoEmptyRequestAndNoOtherMethod) {
  CreateCall empty(iam_channel_, kCreate, CreateIamTokenRequest());
  EXPECT_EQ(empty.Wait().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(empty.Wait().error_message(),
            "Validation failed: - identity: One of the options must be "
            "selected");
  EXPECT_EQ(cloud_->iam().requests(), 1);

  CreateCall other(iam_channel_, kMethod, CreateIamTokenRequest());
  EXPECT_EQ(other.Wait().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(FakeCloudTest, TheNextRequestsFailWithTheStatusAndItsDetails) {
  cloud_->iam().FailNext(2, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                         "slow down", "details"));
  auto call = StartCreate();
  EXPECT_EQ(call->Wait().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(call->Wait().error_message(), "slow down");
  EXPECT_EQ(call->Wait().error_details(), "details");
  EXPECT_EQ(CreateCode(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
  EXPECT_EQ(cloud_->iam().requests(), 3);
  EXPECT_EQ(cloud_->iam().failures(), 2);
}

TEST_F(FakeCloudTest, EveryNthRequestFails) {
  cloud_->iam().FailEveryNth(3, down_);
  std::vector<grpc::StatusCode> codes;
  for (int i = 0; i < 6; ++i) codes.push_back(CreateCode());
  const auto ok = grpc::StatusCode::OK;
  const auto unavailable = grpc::StatusCode::UNAVAILABLE;
  EXPECT_EQ(codes, (std::vector<grpc::StatusCode>{ok, ok, unavailable, ok, ok,
                                                  unavailable}));
  cloud_->iam().FailEveryNth(0, down_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CreateCode(), ok);
}

TEST_F(FakeCloudTest, FailNextPrecedesEveryNthWhichPrecedesAlways) {
  cloud_->iam().FailAlways({grpc::StatusCode::INTERNAL, ""});
  cloud_->iam().FailEveryNth(2, {grpc::StatusCode::ABORTED, ""});
  cloud_->iam().FailNext(1, down_);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::INTERNAL);
  cloud_->iam().FailEveryNth(0, down_);
  cloud_->iam().FailAlways(grpc::Status::OK);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
}

TEST_F(FakeCloudTest, RequestsHangUntilReleased) {
  cloud_->iam().Hang(true);
  auto cancelled = StartCreate();
  std::vector<std::unique_ptr<CreateCall>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(StartCreate());
  while (cloud_->iam().requests() < 11) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(cloud_->iam().tokens_issued(), 0);
  for (auto& call : calls) EXPECT_TRUE(call->IsPending());
  cancelled->Cancel();
  EXPECT_EQ(cancelled->Wait().error_code(), grpc::StatusCode::CANCELLED);

  cloud_->iam().Hang(false);
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
  EXPECT_TRUE(Create().has_expires_at());
}

TEST_F(FakeCloudTest, AnswersAndFailuresAreDelayed) {
  const absl::Duration delay = absl::Milliseconds(50);
  cloud_->iam().SetDelay(delay);
  absl::Time start = absl::Now();
  Create();
  EXPECT_GE(absl::Now() - start, delay);

  cloud_->iam().FailNext(1, down_);
  start = absl::Now();
  EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(absl::Now() - start, delay);
}

TEST_F(FakeCloudTest, EachAnswerIsAsDocumented) {
  const CreateIamTokenResponse good = Create();
  EXPECT_EQ(good.iam_token().substr(0, 3), "t1.");
  EXPECT_EQ(good.iam_token().size() - good.iam_token().rfind('.'), 87u);
  EXPECT_EQ(SaidLifetime(good), absl::Hours(12));

  cloud_->iam().SetAnswer(Answer::kNoToken);
  EXPECT_EQ(Create().iam_token(), "");

  cloud_->iam().SetAnswer(Answer::kIllegalBytes);
  EXPECT_NE(Create().iam_token().find('\n'), std::string::npos);
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);

  cloud_->iam().SetAnswer(Answer::kNoExpiry);
  EXPECT_FALSE(Create().has_expires_at());

  cloud_->iam().SetAnswer(Answer::kExpiryInThePast);
  EXPECT_EQ(SaidLifetime(Create()), -absl::Hours(1));

  cloud_->iam().SetAnswer(Answer::kExpiryFarFuture);
  EXPECT_GT(SaidLifetime(Create()), absl::Hours(24 * 365 * 99));
}

TEST_F(FakeCloudTest, TheSameTokenIsGivenAgainWhileItLives) {
  cloud_->iam().SetAnswer(Answer::kSameTokenAgain);
  const CreateIamTokenResponse first = Create();
  clock_->Advance(absl::Hours(1));
  const CreateIamTokenResponse again = Create();
  EXPECT_EQ(again.iam_token(), first.iam_token());
  EXPECT_EQ(SaidLifetime(again), absl::Hours(11));
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);

  EXPECT_TRUE(Exchange(GoodJwt()).ok());
  EXPECT_NE(cloud_->iam().last_token(), first.iam_token());

  cloud_->iam().RevokeToken(first.iam_token());
  EXPECT_NE(Create().iam_token(), first.iam_token());
}

TEST_F(FakeCloudTest, TokensLiveAsLongAsSet) {
  cloud_->iam().SetTokenLifetime(absl::Minutes(5));
  const CreateIamTokenResponse response = Create();
  EXPECT_EQ(SaidLifetime(response), absl::Minutes(5));
  clock_->Advance(absl::Minutes(5) - absl::Seconds(1));
  EXPECT_TRUE(Echo({"Bearer " + response.iam_token()}).ok());
  clock_->Advance(absl::Seconds(1));
  ExpectRefusedByAiStudio({"Bearer " + response.iam_token()},
                          "Token is invalid or has expired.");
}

TEST_F(FakeCloudTest, RevokedTokensAreRefused) {
  const std::string first = BearerHeader();
  const std::string second = BearerHeader();
  cloud_->iam().RevokeToken(first.substr(7));
  ExpectRefusedByAiStudio({first}, "The token is invalid");
  EXPECT_TRUE(Echo({second}).ok());
  cloud_->iam().RevokeAllTokens();
  ExpectRefusedByAiStudio({second}, "The token is invalid");
  EXPECT_TRUE(Echo({BearerHeader()}).ok());
}

TEST_F(FakeCloudTest, AStoppedIamRefusesConnectionsAndRestartsOnItsPort) {
  const std::string endpoint = cloud_->iam_endpoint();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
    cloud_->iam().Hang(true);
    const std::int64_t seen = cloud_->iam().requests();
    auto running = StartCreate();
    while (cloud_->iam().requests() == seen) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    const absl::Time start = absl::Now();
    cloud_->iam().Stop();
    EXPECT_FALSE(running->Wait().ok());
    EXPECT_EQ(Connect(endpoint), ECONNREFUSED);
    EXPECT_LT(absl::Now() - start, absl::Seconds(1));
    iam_channel_ = NewChannel(*cloud_, endpoint);
    EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);

    cloud_->iam().Hang(false);
    EXPECT_TRUE(cloud_->iam().Restart().ok());
    EXPECT_EQ(cloud_->iam_endpoint(), endpoint);
    iam_channel_ = NewChannel(*cloud_, endpoint);
  }
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
}

TEST_F(FakeCloudTest, IamCanStartDown) {
  FakeCloud::Options options;
  options.start_iam = false;
  auto cloud = FakeCloud::Start(options);
  ASSERT_TRUE(cloud.ok());
  EXPECT_EQ(Connect((*cloud)->iam_endpoint()), ECONNREFUSED);
  EXPECT_EQ(Connect((*cloud)->ai_studio_endpoint()), 0);
  EXPECT_TRUE((*cloud)->iam().Restart().ok());
  EXPECT_EQ(Connect((*cloud)->iam_endpoint()), 0);
}

TEST_F(FakeCloudTest, AiStudioWantsExactlyOneGoodHeader) {
  const std::string none = "IAM token or API key has to be passed in request";
  const std::string many = "authorization metadata cannot have multiple values";
  const std::string bad = "The token is invalid";
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  EXPECT_TRUE(Echo({BearerHeader()}).ok());
  ExpectRefusedByAiStudio({}, none);
  ExpectRefusedByAiStudio({ApiKeyHeader(), ApiKeyHeader()}, many);
  ExpectRefusedByAiStudio({"Bearer t1.unknown"}, bad);
  ExpectRefusedByAiStudio({"Api-Key unknown"}, bad);
  ExpectRefusedByAiStudio({"Bearer " + cloud_->api_key()}, bad);
  ExpectRefusedByAiStudio({"Bearer "}, bad);
  ExpectRefusedByAiStudio({cloud_->api_key()}, bad);
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  EXPECT_EQ(cloud_->ai_studio().refused(), 7);

  cloud_->ai_studio().AddApiKey("unknown");
  EXPECT_TRUE(Echo({"Api-Key unknown"}).ok());

  cloud_->ai_studio().AllowAnonymous(true);
  EXPECT_TRUE(Echo({}).ok());
  ExpectRefusedByAiStudio({"Bearer t1.unknown"}, bad);
}

TEST_F(FakeCloudTest, CallsAreRemembered) {
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  EXPECT_FALSE(Echo({}).ok());
  const std::vector<FakeAiStudio::Call> calls = cloud_->ai_studio().calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].method, kMethod);
  EXPECT_EQ(calls[0].metadata.find("authorization")->second, ApiKeyHeader());
  EXPECT_TRUE(calls[0].accepted);
  EXPECT_FALSE(calls[1].accepted);
  cloud_->ai_studio().ClearCalls();
  EXPECT_TRUE(cloud_->ai_studio().calls().empty());
}

TEST_F(FakeCloudTest, AServerStreamGivesSeveralResponsesAndItsStatus) {
  FakeAiStudio::MethodBehavior behavior;
  behavior.responses = 3;
  behavior.interval = absl::Milliseconds(10);
  behavior.status = grpc::Status(grpc::StatusCode::DATA_LOSS, "lost");
  cloud_->ai_studio().SetBehavior(kMethod, behavior);

  const absl::Time start = absl::Now();
  Stream stream(ai_studio_channel_, kMethod, ApiKeyHeader());
  EXPECT_TRUE(stream.Write("hello"));
  stream.WritesDone();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stream.Read(), "hello");
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(20));
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(FakeCloudTest, ABidirectionalStreamIsAnEcho) {
  Stream stream(ai_studio_channel_, kMethod, ApiKeyHeader());
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(stream.Write(absl::StrCat("message ", i)));
    EXPECT_EQ(stream.Read(), absl::StrCat("message ", i));
  }
  stream.WritesDone();
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(FakeCloudTest, TheDestructorEndsHangingCallsAndOpenStreamsAtOnce) {
  FakeAiStudio::MethodBehavior slow;
  slow.responses = 10;
  slow.interval = absl::Hours(1);
  cloud_->ai_studio().SetBehavior("/test.Service/Slow", slow);
  cloud_->iam().Hang(true);
  std::vector<std::unique_ptr<CreateCall>> calls;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(StartCreate());
    for (const std::string method : {kMethod, "/test.Service/Slow"}) {
      streams.push_back(
          std::make_unique<Stream>(ai_studio_channel_, method, ApiKeyHeader()));
      EXPECT_TRUE(streams.back()->Write("hello"));
      EXPECT_EQ(streams.back()->Read(), "hello");
    }
  }
  while (cloud_->iam().requests() < 20) absl::SleepFor(absl::Milliseconds(1));

  const absl::Time start = absl::Now();
  cloud_.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  for (auto& call : calls) EXPECT_FALSE(call->Wait().ok());
  for (auto& stream : streams) EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(FakeCloudTest, ManyCallsOnManyConnectionsAreAnswered) {
  std::vector<std::unique_ptr<EchoCall>> calls;
  std::shared_ptr<grpc::Channel> channel;
  for (int i = 0; i < 200; ++i) {
    if (i % 10 == 0) {
      channel = NewChannel(*cloud_, cloud_->ai_studio_endpoint());
    }
    calls.push_back(
        std::make_unique<EchoCall>(channel, kMethod, ToBytes("hello"),
                                   std::vector<std::string>{ApiKeyHeader()}));
  }
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
  EXPECT_EQ(cloud_->ai_studio().accepted(), 200);
}

TEST_F(FakeCloudTest, CallsAreAnsweredWhileThreadsOfGrpcAreParked) {
  class Parked final : public grpc::MetadataCredentialsPlugin {
   public:
    Parked(std::shared_future<std::string> header, std::atomic<int>* parked)
        : header_(std::move(header)), parked_(parked) {}
    grpc::Status GetMetadata(
        grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
        std::multimap<grpc::string, grpc::string>* metadata) override {
      ++*parked_;
      metadata->emplace("authorization", header_.get());
      return grpc::Status::OK;
    }

   private:
    const std::shared_future<std::string> header_;
    std::atomic<int>* const parked_;
  };
  std::atomic<int> parked{0};
  std::promise<std::string> header;
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  const auto credentials = grpc::MetadataCredentialsFromPlugin(
      std::make_unique<Parked>(header.get_future().share(), &parked));
  const auto channel = grpc::CreateChannel(
      cloud_->ai_studio_endpoint(),
      grpc::CompositeChannelCredentials(grpc::SslCredentials(cloud_->ssl()),
                                        credentials));
  std::vector<std::unique_ptr<EchoCall>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(
        std::make_unique<EchoCall>(channel, kMethod, ToBytes("hello")));
  }
  // gRPC's pool has two threads at least.
  while (parked < 2) absl::SleepFor(absl::Milliseconds(1));
  header.set_value(BearerHeader());
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
}

}  // namespace
}  // namespace aistudio::auth::testing
