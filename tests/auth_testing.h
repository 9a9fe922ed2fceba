// What the tests over real sockets have in common.

#ifndef AISTUDIO_AUTH_TESTS_AUTH_TESTING_H_
#define AISTUDIO_AUTH_TESTS_AUTH_TESTING_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "grpcpp/grpcpp.h"

namespace aistudio::auth {

inline constexpr char kUnaryMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TokenizerService/Tokenize";
inline constexpr char kStreamMethod[] =
    "/speechkit.stt.v3.Recognizer/RecognizeStreaming";

// Starts a cloud, or ends the test program.
std::unique_ptr<testing::FakeCloud> StartCloud(
    testing::FakeCloud::Options options = {});

// A channel to the cloud's AI Studio that carries `credentials`.
std::shared_ptr<grpc::Channel> Connect(const testing::FakeCloud& cloud,
                                       const Credentials& credentials);

// The same without call credentials.
std::shared_ptr<grpc::Channel> ConnectBare(const testing::FakeCloud& cloud);

// One unary call, echoed.
grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                  absl::Duration timeout = absl::Seconds(30),
                  const std::shared_ptr<grpc::CallCredentials>& call = nullptr);

// `count` unary calls at the same time, started through the asynchronous API
// from one thread.
std::vector<grpc::Status> CallMany(
    const std::shared_ptr<grpc::Channel>& channel, int count,
    absl::Duration timeout = absl::Seconds(30));

// A bidirectional stream: `messages` are sent and come back.
grpc::Status Stream(const std::shared_ptr<grpc::Channel>& channel,
                    int messages);

// The threads of this process.
std::size_t CountThreads();

// Collects refresh events. Give `callback()` to a registry.
class EventLog {
 public:
  std::function<void(const RefreshEvent&)> callback();

  // Whether `done` holds for the events so far, within 20 seconds.
  bool WaitFor(
      const std::function<bool(const std::vector<RefreshEvent>&)>& done);

  // Whether this many fetches succeeded, or failed.
  bool WaitForSuccesses(std::size_t count);
  bool WaitForFailures(std::size_t count);

  std::vector<RefreshEvent> events() const;

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<RefreshEvent> events;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_AUTH_TESTING_H_
