#include "benchmarks/calls.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"

namespace aistudio::auth::benchmarks {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr char kMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TokenizerService/Tokenize";

double Since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

grpc::ByteBuffer Message() {
  const grpc::Slice slice("hello");
  return grpc::ByteBuffer(&slice, 1);
}

void Wait(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
}

void Require(const grpc::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "benchmark: a call failed: %s\n",
               status.error_message().c_str());
  std::_Exit(1);
}

void UnaryCall(grpc::GenericStub& stub, grpc::CompletionQueue& queue) {
  grpc::ClientContext context;
  auto rpc = stub.PrepareUnaryCall(&context, kMethod, Message(), &queue);
  rpc->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  rpc->Finish(&response, &status, nullptr);
  Wait(queue);
  Require(status);
}

void Stream(grpc::GenericStub& stub, grpc::CompletionQueue& queue) {
  grpc::ClientContext context;
  auto rpc = stub.PrepareCall(&context, kMethod, &queue);
  rpc->StartCall(nullptr);
  Wait(queue);
  rpc->Write(Message(), nullptr);
  Wait(queue);
  grpc::ByteBuffer response;
  rpc->Read(&response, nullptr);
  Wait(queue);
  rpc->WritesDone(nullptr);
  Wait(queue);
  grpc::Status status;
  rpc->Finish(&status, nullptr);
  Wait(queue);
  Require(status);
}

template <typename Rpc>
Cost Sequence(const std::shared_ptr<grpc::Channel>& channel, int count,
              const Rpc& rpc) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  std::vector<double> times;
  const double cpu = CpuSeconds();
  const auto all = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    const auto start = SteadyClock::now();
    rpc(stub, queue);
    times.push_back(Since(start));
  }
  Cost cost;
  cost.per_second = count / Since(all);
  cost.cpu_seconds = (CpuSeconds() - cpu) / count;
  std::nth_element(times.begin(), times.begin() + count / 2, times.end());
  cost.p50_seconds = times[static_cast<std::size_t>(count / 2)];
  return cost;
}

}  // namespace

Cost UnaryCalls(const std::shared_ptr<grpc::Channel>& channel, int count) {
  return Sequence(channel, count, UnaryCall);
}

Cost Streams(const std::shared_ptr<grpc::Channel>& channel, int count) {
  return Sequence(channel, count, Stream);
}

Cost CallsOfThreads(const std::shared_ptr<grpc::Channel>& channel, int threads,
                    double seconds) {
  std::atomic<std::int64_t> calls{0};
  const double cpu = CpuSeconds();
  const auto start = SteadyClock::now();
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      grpc::GenericStub stub(channel);
      grpc::CompletionQueue queue;
      while (Since(start) < seconds) {
        UnaryCall(stub, queue);
        calls.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  const auto count = static_cast<double>(calls.load());
  Cost cost;
  cost.per_second = count / Since(start);
  cost.cpu_seconds = (CpuSeconds() - cpu) / count;
  return cost;
}

struct ManyCalls::State {
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };
  explicit State(const std::shared_ptr<grpc::Channel>& channel)
      : stub(channel) {}

  grpc::GenericStub stub;
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Call>> calls;
};

ManyCalls::ManyCalls(const std::shared_ptr<grpc::Channel>& channel, int count)
    : state_(std::make_unique<State>(channel)) {
  for (int i = 0; i < count; ++i) {
    state_->calls.push_back(std::make_unique<State::Call>());
    State::Call& call = *state_->calls.back();
    call.reader = state_->stub.PrepareUnaryCall(&call.context, kMethod,
                                                Message(), &state_->queue);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status, &call);
  }
}

ManyCalls::~ManyCalls() = default;

int ManyCalls::Finish() {
  for (std::size_t i = 0; i < state_->calls.size(); ++i) Wait(state_->queue);
  int succeeded = 0;
  for (const auto& call : state_->calls) succeeded += call->status.ok() ? 1 : 0;
  return succeeded;
}

}  // namespace aistudio::auth::benchmarks
