// A gRPC server for methods of any name, as bytes.

#ifndef AISTUDIO_AUTH_SRC_TESTING_GENERIC_SERVER_H_
#define AISTUDIO_AUTH_SRC_TESTING_GENERIC_SERVER_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::testing::internal {

// What a server does with one call. Its methods are called one at a time, from
// the server's threads.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  virtual void OnMessage(const grpc::ByteBuffer& message) = 0;

  // The client has sent all it has to send.
  virtual void OnHalfClose() = 0;
};

class GenericServer;

// Thread safety: all methods may be called from any thread. Once the call has
// ended they do nothing.
class ServerCall : public std::enable_shared_from_this<ServerCall> {
 public:
  // Counts the calls alive.
  class Census {
   public:
    void Add();
    void Remove();
    void WaitForNone();

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
  };

  explicit ServerCall(GenericServer* server);
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

  const std::string& method() const { return context_.method(); }
  std::multimap<std::string, std::string> metadata() const;

  // Both take their turn behind what was written before, and then wait `delay`.
  void Write(grpc::ByteBuffer message, absl::Duration delay);
  void Finish(grpc::Status status, absl::Duration delay);

 private:
  friend class GenericServer;

  struct Outgoing {
    absl::Duration delay;
    grpc::ByteBuffer message;
    std::optional<grpc::Status> status;  // set: ends the call
  };

  struct Presence {
    explicit Presence(Census* of) : census(of) { census->Add(); }
    ~Presence() { census->Remove(); }
    Census* const census;
  };

  // Asks the server for a call.
  void Request();
  void OnStart();
  void OnDone();
  void ReadNext();
  void Send(Outgoing outgoing);
  void SendNextLocked();

  GenericServer* const server_;

  // Outlives the members below, for they use the completion queue until the
  // end.
  const Presence presence_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
  std::unique_ptr<CallHandler> handler_;
  grpc::ByteBuffer incoming_;

  std::mutex mutex_;
  bool over_ = false;       // nothing more is to be sent
  bool sending_ = false;    // an alarm, a write or the end is under way
  bool finishing_ = false;  // the end is in the queue or sent
  std::deque<Outgoing> outgoing_;
  std::unique_ptr<grpc::Alarm> alarm_;
};

// Polls a completion queue with threads of its own and uses neither gRPC's
// callback API nor its synchronous one: a test may park every thread of gRPC's
// pool in a client's credentials, and must still be answered.
class GenericServer {
 public:
  // Called when a call comes in. The handler lives as long as the call, and may
  // refer to it.
  using HandlerFactory =
      std::function<std::unique_ptr<CallHandler>(ServerCall& call)>;

  static absl::StatusOr<std::unique_ptr<GenericServer>> Start(
      const std::vector<std::string>& addresses,
      const std::shared_ptr<grpc::ServerCredentials>& credentials,
      HandlerFactory make_handler);

  // Ends running calls. Must not run on a thread of this server.
  ~GenericServer();
  GenericServer(const GenericServer&) = delete;
  GenericServer& operator=(const GenericServer&) = delete;

 private:
  friend class ServerCall;

  explicit GenericServer(HandlerFactory make_handler)
      : make_handler_(std::move(make_handler)) {}

  void RequestCall();
  void Poll();

  const HandlerFactory make_handler_;
  ServerCall::Census census_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_GENERIC_SERVER_H_
