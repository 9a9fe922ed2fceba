#include "tests/auth_testing.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <utility>

#include "grpcpp/generic/generic_stub.h"
#include "openssl/crypto.h"

namespace aistudio::auth {
namespace {

#ifdef OPENSSL_INIT_NO_ATEXIT  // BoringSSL has no exit handler
// Before anything else uses OpenSSL: when the tests end, threads of gRPC may
// still be closing connections, and its exit handler would free what they use.
[[maybe_unused]] const int openssl_stays =
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
#endif

grpc::ByteBuffer Message() {
  const grpc::Slice slice("hello");
  return grpc::ByteBuffer(&slice, 1);
}

std::chrono::system_clock::time_point After(absl::Duration timeout) {
  return std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout);
}

}  // namespace

std::unique_ptr<testing::FakeCloud> StartCloud(
    testing::FakeCloud::Options options) {
  auto cloud = testing::FakeCloud::Start(std::move(options));
  if (!cloud.ok()) {
    std::fprintf(stderr, "%s\n", cloud.status().ToString().c_str());
    std::abort();
  }
  return *std::move(cloud);
}

std::shared_ptr<grpc::Channel> Connect(const testing::FakeCloud& cloud,
                                       const Credentials& credentials) {
  return grpc::CreateChannel(cloud.ai_studio_endpoint(),
                             credentials.channel_credentials(cloud.ssl()));
}

std::shared_ptr<grpc::Channel> ConnectBare(const testing::FakeCloud& cloud) {
  return grpc::CreateChannel(cloud.ai_studio_endpoint(),
                             grpc::SslCredentials(cloud.ssl()));
}

grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                  absl::Duration timeout,
                  const std::shared_ptr<grpc::CallCredentials>& call) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(After(timeout));
  if (call != nullptr) context.set_credentials(call);
  grpc::CompletionQueue queue;
  const grpc::ByteBuffer request = Message();
  auto rpc = stub.PrepareUnaryCall(&context, kUnaryMethod, request, &queue);
  rpc->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  rpc->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status;
}

std::vector<grpc::Status> CallMany(
    const std::shared_ptr<grpc::Channel>& channel, int count,
    absl::Duration timeout) {
  struct Rpc {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Rpc>> rpcs;
  for (int i = 0; i < count; ++i) {
    rpcs.push_back(std::make_unique<Rpc>());
    Rpc& rpc = *rpcs.back();
    rpc.context.set_deadline(After(timeout));
    rpc.reader =
        stub.PrepareUnaryCall(&rpc.context, kUnaryMethod, Message(), &queue);
    rpc.reader->StartCall();
    rpc.reader->Finish(&rpc.response, &rpc.status, &rpc);
  }
  void* tag = nullptr;
  bool ok = false;
  for (int i = 0; i < count; ++i) queue.Next(&tag, &ok);
  std::vector<grpc::Status> statuses;
  for (const auto& rpc : rpcs) statuses.push_back(rpc->status);
  return statuses;
}

grpc::Status Stream(const std::shared_ptr<grpc::Channel>& channel,
                    int messages) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(After(absl::Seconds(30)));
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  auto stream = stub.PrepareCall(&context, kStreamMethod, &queue);
  stream->StartCall(nullptr);
  bool ok = wait();
  for (int i = 0; ok && i < messages; ++i) {
    stream->Write(Message(), nullptr);
    ok = wait();
    if (!ok) break;
    grpc::ByteBuffer response;
    stream->Read(&response, nullptr);
    ok = wait();
  }
  if (ok) {
    stream->WritesDone(nullptr);
    wait();
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  wait();
  return status;
}

std::size_t CountThreads() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                    std::filesystem::directory_iterator()));
}

std::function<void(const RefreshEvent&)> EventLog::callback() {
  return [state = state_](const RefreshEvent& event) {
    std::lock_guard<std::mutex> lock(state->mutex);
    state->events.push_back(event);
    state->changed.notify_all();
  };
}

bool EventLog::WaitFor(
    const std::function<bool(const std::vector<RefreshEvent>&)>& done) {
  std::unique_lock<std::mutex> lock(state_->mutex);
  return state_->changed.wait_for(lock, std::chrono::seconds(20),
                                  [&] { return done(state_->events); });
}

bool EventLog::WaitForSuccesses(std::size_t count) {
  return WaitFor([count](const std::vector<RefreshEvent>& events) {
    return static_cast<std::size_t>(std::count_if(
               events.begin(), events.end(), [](const RefreshEvent& event) {
                 return event.status.ok();
               })) >= count;
  });
}

bool EventLog::WaitForFailures(std::size_t count) {
  return WaitFor([count](const std::vector<RefreshEvent>& events) {
    return static_cast<std::size_t>(std::count_if(
               events.begin(), events.end(), [](const RefreshEvent& event) {
                 return !event.status.ok();
               })) >= count;
  });
}

std::vector<RefreshEvent> EventLog::events() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->events;
}

}  // namespace aistudio::auth
