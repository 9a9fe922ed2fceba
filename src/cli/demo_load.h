// The calls that the demo makes.

#ifndef AISTUDIO_AUTH_SRC_CLI_DEMO_LOAD_H_
#define AISTUDIO_AUTH_SRC_CLI_DEMO_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::cli {

// Calls AI Studio from many threads, as a busy program would: unary calls in a
// loop, two server streams and one bidirectional stream that are opened again
// as soon as they end. Nothing here knows of tokens.
//
// Thread safety: all methods may be called from any thread, but `Stop` by one
// thread at a time.
class DemoLoad {
 public:
  struct Counts {
    std::int64_t calls = 0;    // unary
    std::int64_t streams = 0;  // of both kinds
    std::int64_t failed = 0;   // of all of these
  };

  struct Failure {
    std::string method;
    grpc::Status status;
  };

  // Makes `ai_studio` answer the load's methods as the real ones do.
  static void Prepare(testing::FakeAiStudio& ai_studio);

  DemoLoad(const std::shared_ptr<grpc::Channel>& channel, int callers);
  ~DemoLoad() { Stop(); }
  DemoLoad(const DemoLoad&) = delete;
  DemoLoad& operator=(const DemoLoad&) = delete;

  // Waits for the calls that run, and makes no more.
  void Stop();

  Counts counts() const;
  std::vector<Failure> first_failures() const;
  absl::Duration slowest_call() const;  // unary

 private:
  void CallUnary();
  void CallServerStream();
  void CallBidirectionalStream();
  void Record(const std::string& method, const grpc::Status& status,
              std::atomic<std::int64_t>& count);

  void RecordDuration(absl::Duration duration);

  grpc::GenericStub stub_;
  const absl::Duration pause_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> calls_{0};
  std::atomic<std::int64_t> streams_{0};
  std::atomic<std::int64_t> failed_{0};

  mutable std::mutex mutex_;
  std::vector<Failure> first_failures_;
  absl::Duration slowest_call_;

  std::vector<std::thread> threads_;
};

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_DEMO_LOAD_H_
