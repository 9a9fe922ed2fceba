// A server outside of Yandex Cloud: a service account's key file, and an answer
// that arrives as a stream. Start here unless another example fits better.
//
//   text_generation_stream KEY_FILE FOLDER_ID PROMPT [TARGET [IAM_ENDPOINT]]

#include <grpcpp/grpcpp.h>

#include <iostream>

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
  const auto stub = ai::TextGenerationService::NewStub(
      grpc::CreateChannel(argc > 4 ? argv[4] : "llm.api.cloud.yandex.net:443",
                          credentials->channel_credentials()));

  ai::CompletionRequest request;
  request.set_model_uri("gpt://" + std::string(argv[2]) + "/yandexgpt");
  request.mutable_completion_options()->set_stream(true);
  ai::Message& message = *request.add_messages();
  message.set_role("user");
  message.set_text(argv[3]);

  grpc::ClientContext context;
  const auto stream = stub->Completion(&context, request);
  ai::CompletionResponse response;  // each one has all of the answer so far
  while (stream->Read(&response)) {
    for (const ai::Alternative& alternative : response.alternatives()) {
      std::cout << alternative.message().text() << std::endl;
    }
  }
  const grpc::Status status = stream->Finish();
  if (status.ok()) return 0;
  std::cerr << auth::ExplainStatus(status,
                                   "/yandex.cloud.ai.foundation_models.v1."
                                   "TextGenerationService/Completion")
            << "\n";
  return 1;
}
