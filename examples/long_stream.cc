// Streams that live for minutes, such as speech recognition. The header goes
// out once, when a stream opens, so its token must outlive the stream: ask for
// a little more than a session lasts. When a session is over, by plan or by a
// broken connection, the next one opens with a fresh header.
//
//   long_stream KEY_FILE [TARGET [IAM_ENDPOINT]] <AUDIO (16 bits, 16 kHz, mono)

#include <grpcpp/grpcpp.h>

#include <iostream>
#include <string>
#include <thread>

#include "aistudio/auth/credentials.h"
#include "yandex/cloud/ai/stt/v3/stt_service.grpc.pb.h"

namespace auth = aistudio::auth;
namespace stt = speechkit::stt::v3;

constexpr int kBytesOfASecond = 2 * 16000;
constexpr int kSecondsOfASession = 4 * 60;  // the service ends it at 5 minutes

// Sends audio and prints what is said in it, until a session is over.
grpc::Status RunSession(stt::Recognizer::Stub& stub, std::istream& audio) {
  grpc::ClientContext context;
  const auto stream = stub.RecognizeStreaming(&context);
  std::thread reader([&stream] {
    for (stt::StreamingResponse response; stream->Read(&response);) {
      for (const stt::Alternative& said : response.final().alternatives()) {
        std::cout << said.text() << std::endl;
      }
    }
  });
  stt::StreamingRequest request;
  request.mutable_session_options()->mutable_recognition_model()->set_model(
      "general");
  bool open = stream->Write(request);
  std::string second(kBytesOfASecond, '\0');
  for (int i = 0; open && i < kSecondsOfASession; ++i) {
    audio.read(second.data(), kBytesOfASecond);
    if (audio.gcount() == 0) break;
    request.mutable_chunk()->set_data(second.data(), audio.gcount());
    open = stream->Write(request);  // false: the stream broke
  }
  if (open) stream->WritesDone();
  reader.join();
  return stream->Finish();
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  auth::IamOptions options;
  if (argc > 3) options.endpoint = argv[3];
  const auto credentials =
      auth::ServiceAccountKeyFileCredentials(argv[1], options);
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  const auto stub = stt::Recognizer::NewStub(grpc::CreateChannel(
      argc > 2 ? argv[2] : "stt.api.cloud.yandex.net:443",
      credentials->WithMinRemaining(absl::Minutes(6)).channel_credentials()));
  int failures = 0;
  while (std::cin.peek() != std::istream::traits_type::eof()) {
    const grpc::Status status = RunSession(*stub, std::cin);
    failures = status.ok() ? 0 : failures + 1;
    // A broken connection is worth another try; a token that is missing, or
    // refused, is not.
    if (!status.ok() &&
        (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
         !auth::CredentialsError(status).ok() || failures > 3)) {
      std::cerr << status.error_message() << "\n";
      return 1;
    }
  }
  return 0;
}
