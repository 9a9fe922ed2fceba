// Talks to a FakeCloud as strangers would: without the library under test.

#ifndef AISTUDIO_AUTH_TESTS_FAKE_CLOUD_TESTING_H_
#define AISTUDIO_AUTH_TESTS_FAKE_CLOUD_TESTING_H_

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
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio_auth/iam.pb.h"
#include "aistudio_auth/key_file.pb.h"
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

namespace aistudio::auth::testing::fake_cloud_test {

using aistudio_auth::wire::CreateIamTokenRequest;
using aistudio_auth::wire::CreateIamTokenResponse;
using Answer = FakeIam::Answer;

inline constexpr char kCreate[] = "/yandex.cloud.iam.v1.IamTokenService/Create";
inline constexpr char kAudience[] =
    "https://iam.api.cloud.yandex.net/iam/v1/tokens";
inline constexpr char kMethod[] = "/test.Service/Method";

inline std::chrono::system_clock::time_point SoonEnough() {
  return absl::ToChronoTime(absl::Now() + absl::Seconds(30));
}

inline std::shared_ptr<grpc::Channel> NewChannel(const FakeCloud& cloud,
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

inline grpc::ByteBuffer ToBytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

inline std::string ToText(const grpc::ByteBuffer& bytes) {
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

inline Jwt JwtFor(const std::string& key_json, absl::Time now) {
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

inline std::string Sign(const Jwt& jwt) {
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
inline int Connect(const std::string& endpoint) {
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

}  // namespace aistudio::auth::testing::fake_cloud_test

#endif  // AISTUDIO_AUTH_TESTS_FAKE_CLOUD_TESTING_H_
