// What a stranger's program does with the installed library: RPCs with a
// service account's key, a token source of its own, and the reason of a
// refusal.

#include <aistudio/auth/credentials.h>
#include <aistudio/auth/testing/fake_cloud.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace {

namespace auth = aistudio::auth;

constexpr char kMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.EmbeddingsService/TextEmbedding";

void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

// One unary call of raw bytes; a FakeCloud sends them back.
grpc::Status Call(const auth::testing::FakeCloud& cloud,
                  const auth::Credentials& credentials) {
  grpc::GenericStub stub(
      grpc::CreateChannel(cloud.ai_studio_endpoint(),
                          credentials.channel_credentials(cloud.ssl())));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
  const grpc::Slice slice(std::string("question"));
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, kMethod, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { done.set_value(status); });
  grpc::Status status = done.get_future().get();
  if (status.ok()) {
    Require(response.Length() == request.Length(), "the echo is complete");
  }
  return status;
}

// Hands out what somebody else fetched.
class BorrowedToken : public auth::TokenSource {
 public:
  explicit BorrowedToken(std::string token) : token_(std::move(token)) {}

  absl::StatusOr<auth::Token> Fetch(absl::Time) override {
    return auth::Token{token_, absl::InfiniteFuture()};
  }
  std::string DebugString() const override { return "borrowed"; }

 private:
  const std::string token_;
};

}  // namespace

int main() {
  auto cloud = auth::testing::FakeCloud::Start();
  Require(cloud.ok(), cloud.status().ToString());

  auto key = auth::ServiceAccountKeyCredentials(
      (*cloud)->service_account_key_json(), (*cloud)->iam_options());
  Require(key.ok(), key.status().ToString());
  const grpc::Status answered = Call(**cloud, *key);
  Require(answered.ok(), answered.error_message());
  Require((*cloud)->iam().tokens_issued() == 1, "one token was issued");

  auto borrowed = auth::TokenSourceCredentials(
      std::make_shared<BorrowedToken>((*cloud)->iam().last_token()));
  Require(borrowed.ok(), borrowed.status().ToString());
  Require(Call(**cloud, *borrowed).ok(), "a token source of the program's own");
  Require((*cloud)->ai_studio().accepted() == 2, "both calls were accepted");

  auto unknown = auth::ServiceAccountKeyCredentials(
      auth::testing::FakeCloud::Start().value()->service_account_key_json(),
      (*cloud)->iam_options());
  Require(unknown.ok(), unknown.status().ToString());
  const absl::Status why = auth::CredentialsError(Call(**cloud, *unknown));
  Require(why.code() == absl::StatusCode::kUnauthenticated,
          "IAM's refusal has its own code, not " + why.ToString());

  std::cout << "answered with " << key->DebugString() << "\n";
}
