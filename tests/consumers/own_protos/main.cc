// A program that has messages of the official names already, and uses OpenSSL
// and libcurl itself: the shared library must not meet any of them.

#include <aistudio/auth/credentials.h>
#include <aistudio/auth/testing/fake_cloud.h>
#include <curl/curl.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <openssl/evp.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>

#if __has_include(<grpcpp/impl/proto_utils.h>)
#include <grpcpp/impl/proto_utils.h>
#else
#include <grpcpp/impl/codegen/proto_utils.h>
#endif

#include "yandex/cloud/iam/v1/iam_token_service.pb.h"

namespace {

namespace auth = aistudio::auth;

using ::yandex::cloud::iam::v1::CreateIamTokenRequest;

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

void CheckOwnDescriptor() {
  const auto* file =
      google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
          "yandex/cloud/iam/v1/iam_token_service.proto");
  Require(file != nullptr && file->message_type_count() == 2 &&
              file->message_type(0)->FindFieldByName("own_text") != nullptr,
          "the registered file is the program's");
}

// The program's own message there and back, with a token that the library gets
// by messages of the same official names.
void CheckCall(const auth::testing::FakeCloud& cloud) {
  auto credentials = auth::ServiceAccountKeyCredentials(
      cloud.service_account_key_json(), cloud.iam_options());
  Require(credentials.ok(), credentials.status().ToString());
  grpc::TemplatedGenericStub<CreateIamTokenRequest, CreateIamTokenRequest> stub(
      grpc::CreateChannel(cloud.ai_studio_endpoint(),
                          credentials->channel_credentials(cloud.ssl())));
  CreateIamTokenRequest request;
  request.add_own_numbers(7);
  request.set_own_text("mine");
  CreateIamTokenRequest response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/own.Service/Echo", grpc::StubOptions(), &request,
                 &response,
                 [&](grpc::Status status) { done.set_value(status); });
  const grpc::Status status = done.get_future().get();
  Require(status.ok(), status.error_message());
  Require(response.own_numbers_size() == 1 && response.own_text() == "mine",
          "the message came back");
}

void CheckOwnOpenSsl() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  Require(EVP_Digest("abc", 3, digest, &size, EVP_sha256(), nullptr) == 1 &&
              size == 32 && digest[0] == 0xba,
          "OpenSSL works");
}

std::size_t Append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

void CheckOwnCurl(auth::testing::FakeCloud& cloud) {
  Require(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "curl starts");
  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Metadata-Flavor: Google");
  const std::string url = "http://" + cloud.metadata().address() +
                          "/computeMetadata/v1/instance/service-accounts/"
                          "default/token";
  std::string body;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  Require(code == CURLE_OK && body.find("access_token") != std::string::npos,
          std::string("curl works: ") + curl_easy_strerror(code));
}

}  // namespace

int main() {
  CheckOwnDescriptor();
  auto cloud = auth::testing::FakeCloud::Start();
  Require(cloud.ok(), cloud.status().ToString());
  CheckCall(**cloud);
  CheckOwnOpenSsl();
  CheckOwnCurl(**cloud);
  std::cout << "own messages, OpenSSL and curl beside the library\n";
}
