#include "src/cli/demo_load.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace aistudio::auth::cli {
namespace {

constexpr char kUnaryMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TokenizerService/Tokenize";
constexpr char kServerStreamMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion";
constexpr char kBidirectionalStreamMethod[] =
    "/speechkit.stt.v3.Recognizer/RecognizeStreaming";

constexpr int kServerStreams = 2;
constexpr int kAnswersToPrompt = 5;
constexpr int kPiecesOfAudio = 8;
constexpr absl::Duration kPieceInterval = absl::Milliseconds(50);

// Between the calls of one caller: shows credentials at work, not how hot a
// processor gets. It grows with the number of callers for the same reason:
// where calls queue for the processor, tokens expire on the way to the server.
constexpr absl::Duration kPause = absl::Milliseconds(40);
constexpr double kCallersAtThatPause = 64;

constexpr std::chrono::seconds kRpcTimeout(10);
constexpr std::size_t kRememberedFailures = 5;

grpc::ByteBuffer Message(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kRpcTimeout);
}

// Makes calls one after another and blocks for each.
class Caller {
 public:
  explicit Caller(grpc::GenericStub* stub) : stub_(stub) {}

  grpc::Status Call(const std::string& method,
                    const grpc::ByteBuffer& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto call =
        stub_->PrepareUnaryCall(&context, method, request, &queue_);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, this);
    Await();
    return status;
  }

  // Sends `message` so many times and reads `answers` after each.
  grpc::Status Stream(const std::string& method,
                      const grpc::ByteBuffer& message, int messages,
                      int answers) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stream = stub_->PrepareCall(&context, method, &queue_);
    stream->StartCall(this);
    bool ok = Await();
    int received = 0;
    grpc::ByteBuffer answer;
    for (int sent = 1; ok && sent <= messages; ++sent) {
      if (sent > 1) absl::SleepFor(kPieceInterval);
      grpc::WriteOptions options;
      if (sent == messages) options.set_last_message();
      stream->Write(message, options, this);
      ok = Await();
      for (int i = 0; ok && i < answers; ++i) {
        stream->Read(&answer, this);
        ok = Await();
        if (ok) ++received;
      }
    }
    grpc::Status status;
    stream->Finish(&status, this);
    Await();
    if (status.ok() && received != messages * answers) {
      return grpc::Status(
          grpc::StatusCode::DATA_LOSS,
          absl::StrCat(received, " answers instead of ", messages * answers));
    }
    return status;
  }

 private:
  // Waits for the operation under way.
  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub* const stub_;
  grpc::CompletionQueue queue_;
};

}  // namespace

void DemoLoad::Prepare(testing::FakeAiStudio& ai_studio) {
  testing::FakeAiStudio::MethodBehavior completion;
  completion.responses = kAnswersToPrompt;
  completion.interval = kPieceInterval;
  ai_studio.SetBehavior(kServerStreamMethod, completion);
}

DemoLoad::DemoLoad(const std::shared_ptr<grpc::Channel>& channel, int callers)
    : stub_(channel),
      pause_(kPause * std::max(1.0, callers / kCallersAtThatPause)) {
  for (int i = 0; i < callers; ++i) {
    threads_.emplace_back([this] { CallUnary(); });
  }
  for (int i = 0; i < kServerStreams; ++i) {
    threads_.emplace_back([this] { CallServerStream(); });
  }
  threads_.emplace_back([this] { CallBidirectionalStream(); });
}

void DemoLoad::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

DemoLoad::Counts DemoLoad::counts() const {
  Counts counts;
  counts.calls = calls_;
  counts.streams = streams_;
  counts.failed = failed_;
  return counts;
}

std::vector<DemoLoad::Failure> DemoLoad::first_failures() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return first_failures_;
}

absl::Duration DemoLoad::slowest_call() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return slowest_call_;
}

void DemoLoad::CallUnary() {
  Caller caller(&stub_);
  const grpc::ByteBuffer text = Message("How many tokens is this?");
  while (!stopping_) {
    const absl::Time start = absl::Now();
    const grpc::Status status = caller.Call(kUnaryMethod, text);
    RecordDuration(absl::Now() - start);
    Record(kUnaryMethod, status, calls_);
    absl::SleepFor(pause_);
  }
}

void DemoLoad::CallServerStream() {
  Caller caller(&stub_);
  const grpc::ByteBuffer prompt = Message("Tell me a story.");
  while (!stopping_) {
    Record(kServerStreamMethod,
           caller.Stream(kServerStreamMethod, prompt, 1, kAnswersToPrompt),
           streams_);
  }
}

void DemoLoad::CallBidirectionalStream() {
  Caller caller(&stub_);
  const grpc::ByteBuffer audio = Message(std::string(1600, '\0'));
  while (!stopping_) {
    Record(kBidirectionalStreamMethod,
           caller.Stream(kBidirectionalStreamMethod, audio, kPiecesOfAudio, 1),
           streams_);
  }
}

void DemoLoad::Record(const std::string& method, const grpc::Status& status,
                      std::atomic<std::int64_t>& count) {
  ++count;
  if (status.ok()) return;
  ++failed_;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (first_failures_.size() < kRememberedFailures) {
      first_failures_.push_back({method, status});
    }
  }
  // Streams have no pause of their own, and a failure may be quick.
  absl::SleepFor(kPause);
}

void DemoLoad::RecordDuration(absl::Duration duration) {
  std::lock_guard<std::mutex> lock(mutex_);
  slowest_call_ = std::max(slowest_call_, duration);
}

}  // namespace aistudio::auth::cli
