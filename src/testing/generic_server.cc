#include "src/testing/generic_server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "grpcpp/server_builder.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr int kThreads = 2;

// Calls that can come in at once without waiting for a thread.
constexpr int kRequestedCalls = 64;

// What the completion queue hands back. It keeps its call alive.
using Event = std::function<void(bool ok)>;

Event* NewEvent(Event event) { return new Event(std::move(event)); }

std::string ToString(const grpc::string_ref& text) {
  return std::string(text.data(), text.size());
}

}  // namespace

void ServerCall::Census::Add() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++count_;
}

void ServerCall::Census::Remove() {
  std::lock_guard<std::mutex> lock(mutex_);
  // Under the mutex, so that the server is not gone before this returns.
  if (--count_ == 0) changed_.notify_all();
}

void ServerCall::Census::WaitForNone() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return count_ == 0; });
}

ServerCall::ServerCall(GenericServer* server)
    : server_(server), presence_(&server->census_) {}

std::multimap<std::string, std::string> ServerCall::metadata() const {
  std::multimap<std::string, std::string> metadata;
  for (const auto& [key, value] : context_.client_metadata()) {
    metadata.emplace(ToString(key), ToString(value));
  }
  return metadata;
}

void ServerCall::Write(grpc::ByteBuffer message, absl::Duration delay) {
  Send({delay, message, std::nullopt});
}

void ServerCall::Finish(grpc::Status status, absl::Duration delay) {
  Send({delay, grpc::ByteBuffer(), std::move(status)});
}

void ServerCall::Request() {
  auto self = shared_from_this();
  Event* const done = NewEvent([self](bool) { self->OnDone(); });
  context_.AsyncNotifyWhenDone(done);
  server_->service_.RequestCall(&context_, &stream_, server_->queue_.get(),
                                server_->queue_.get(),
                                NewEvent([self, done](bool ok) {
                                  if (ok) {
                                    self->OnStart();
                                  } else {
                                    // gRPC forgets the other event of a call
                                    // that never came.
                                    delete done;
                                  }
                                }));
}

void ServerCall::OnStart() {
  server_->RequestCall();
  handler_ = server_->make_handler_(*this);
  ReadNext();
}

void ServerCall::OnDone() {
  std::lock_guard<std::mutex> lock(mutex_);
  over_ = true;
  outgoing_.clear();
  if (alarm_ != nullptr) alarm_->Cancel();
}

void ServerCall::ReadNext() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (over_ || finishing_) return;
  }
  stream_.Read(&incoming_, NewEvent([self = shared_from_this()](bool ok) {
    if (ok) {
      self->handler_->OnMessage(self->incoming_);
      self->ReadNext();
    } else {
      self->handler_->OnHalfClose();
    }
  }));
}

void ServerCall::Send(Outgoing outgoing) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (over_ || finishing_) return;
  finishing_ = outgoing.status.has_value();
  outgoing_.push_back(std::move(outgoing));
  if (!sending_) SendNextLocked();
}

void ServerCall::SendNextLocked() {
  sending_ = !over_ && !outgoing_.empty();
  if (!sending_) return;

  auto self = shared_from_this();
  Outgoing& next = outgoing_.front();
  if (next.delay > absl::ZeroDuration()) {
    const absl::Duration delay = std::min(next.delay, absl::Hours(1000));
    next.delay = absl::ZeroDuration();
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(server_->queue_.get(), absl::ToChronoTime(absl::Now() + delay),
                NewEvent([self](bool) {
                  std::lock_guard<std::mutex> lock(self->mutex_);
                  self->SendNextLocked();
                }));
    return;
  }

  const Outgoing now = std::move(next);
  outgoing_.pop_front();
  if (now.status.has_value()) {
    stream_.Finish(*now.status, NewEvent([self](bool) {}));
  } else {
    stream_.Write(now.message, NewEvent([self](bool ok) {
                    std::lock_guard<std::mutex> lock(self->mutex_);
                    if (!ok) self->over_ = true;
                    self->SendNextLocked();
                  }));
  }
}

absl::StatusOr<std::unique_ptr<GenericServer>> GenericServer::Start(
    const std::vector<std::string>& addresses,
    const std::shared_ptr<grpc::ServerCredentials>& credentials,
    HandlerFactory make_handler) {
  std::unique_ptr<GenericServer> server(
      new GenericServer(std::move(make_handler)));
  grpc::ServerBuilder builder;
  for (const std::string& address : addresses) {
    builder.AddListeningPort(address, credentials);
  }
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 1);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterAsyncGenericService(&server->service_);
  server->queue_ = builder.AddCompletionQueue();
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", absl::StrJoin(addresses, " and ")));
  }
  for (int i = 0; i < kRequestedCalls; ++i) server->RequestCall();
  for (int i = 0; i < kThreads; ++i) {
    server->threads_.emplace_back([raw = server.get()] { raw->Poll(); });
  }
  return server;
}

GenericServer::~GenericServer() {
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now());
    // Calls start operations until they end; none may start on a queue that is
    // shut down.
    census_.WaitForNone();
  }
  queue_->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  if (threads_.empty()) Poll();
}

void GenericServer::RequestCall() {
  std::make_shared<ServerCall>(this)->Request();
}

void GenericServer::Poll() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    const std::unique_ptr<Event> event(static_cast<Event*>(tag));
    (*event)(ok);
  }
}

}  // namespace aistudio::auth::testing::internal
