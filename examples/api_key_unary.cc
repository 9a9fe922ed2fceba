// One program that calls AI Studio only, with one secret: an API key, and a
// unary call on a channel that the program has already. The key comes from a
// variable, since arguments can be read by everybody on the machine.
//
//   MY_API_KEY=... api_key_unary FOLDER_ID TEXT [TARGET]

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>

#include "aistudio/auth/credentials.h"
#include "yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service.grpc.pb.h"

namespace ai = yandex::cloud::ai::foundation_models::v1;
namespace auth = aistudio::auth;

int main(int argc, char** argv) {
  const char* const key = std::getenv("MY_API_KEY");
  if (argc < 3 || key == nullptr) return 2;
  const auto credentials = auth::ApiKeyCredentials(key);
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  const auto channel =
      grpc::CreateChannel(argc > 3 ? argv[3] : "llm.api.cloud.yandex.net:443",
                          grpc::SslCredentials({}));
  const auto stub = ai::TokenizerService::NewStub(channel);

  ai::TokenizeRequest request;
  request.set_model_uri("gpt://" + std::string(argv[1]) + "/yandexgpt");
  request.set_text(argv[2]);
  ai::TokenizeResponse response;
  grpc::ClientContext context;
  context.set_credentials(credentials->call_credentials());  // this call only
  const grpc::Status status = stub->Tokenize(&context, request, &response);
  if (!status.ok()) {
    std::cerr << status.error_message() << "\n";
    return 1;
  }
  std::cout << response.tokens_size() << " tokens\n";
  return 0;
}
