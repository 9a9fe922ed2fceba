// A service that runs for long and must get over a token that was revoked
// before its time. RejectionInterceptor tells the library of each call that the
// service refused with UNAUTHENTICATED; the token is then fetched anew. The
// refused call fails: whether to repeat it is the program's decision. Without
// interceptors, ReportRejected does the same for one header.
//
//   replace_rejected KEY_FILE FOLDER_ID TEXT [TARGET [IAM_ENDPOINT]]

#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service.grpc.pb.h"

namespace ai = yandex::cloud::ai::foundation_models::v1;
namespace auth = aistudio::auth;

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  auth::IamOptions options;
  if (argc > 5) options.endpoint = argv[5];
  const auto credentials =
      auth::ServiceAccountKeyFileCredentials(argv[1], options);
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  std::vector<
      std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(auth::RejectionInterceptor(*credentials));
  const auto stub = ai::TokenizerService::NewStub(
      grpc::experimental::CreateCustomChannelWithInterceptors(
          argc > 4 ? argv[4] : "llm.api.cloud.yandex.net:443",
          credentials->channel_credentials(), {}, std::move(interceptors)));

  ai::TokenizeRequest request;
  request.set_model_uri("gpt://" + std::string(argv[2]) + "/yandexgpt");
  request.set_text(argv[3]);
  grpc::Status status;
  for (int attempt = 1; attempt <= 10; ++attempt) {
    ai::TokenizeResponse response;
    grpc::ClientContext context;
    status = stub->Tokenize(&context, request, &response);
    std::cout << "attempt " << attempt << ": " << status.error_code() << "\n";
    if (status.error_code() != grpc::StatusCode::UNAUTHENTICATED) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100) * attempt);
  }
  return status.ok() ? 0 : 1;
}
