// A small HTTP/1.1 server on loopback, plain or with TLS, that can misbehave.

#ifndef AISTUDIO_AUTH_SRC_TESTING_HTTP_SERVER_H_
#define AISTUDIO_AUTH_SRC_TESTING_HTTP_SERVER_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/testing/crypto.h"

namespace aistudio::auth::testing::internal {

struct ServerRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct ServerAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Sent as it is, in place of all the above, if it is not empty.
  std::string raw;

  // The pause before each byte of the body.
  absl::Duration pause_per_byte = absl::ZeroDuration();

  // The connection is closed before this many bytes at the end were sent.
  std::size_t cut_off = 0;
};

// Each connection carries one request and has a thread of its own.
//
// Thread safety: all methods may be called from any thread.
class HttpServer {
 public:
  // Called on a connection's thread; may block. What it waits for must come
  // before the server is destroyed.
  using Handler = std::function<ServerAnswer(const ServerRequest&)>;

  // Listens on 127.0.0.1; a `port` of 0 stands for any that is free. With a
  // certificate it speaks TLS.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      int port, const std::optional<Certificate>& certificate, Handler handler);

  // Breaks off open connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

 private:
  class Tls;
  class Connection;

  HttpServer(int listener, int port, std::unique_ptr<Tls> tls, Handler handler);
  void Accept();
  void Serve(int socket);
  bool SendSlowly(Connection& connection, const std::string& bytes,
                  absl::Duration pause_per_byte);

  const int listener_;
  const int port_;
  const std::unique_ptr<Tls> tls_;  // null without TLS
  const Handler handler_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> sockets_;  // open connections
  bool stopping_ = false;
  int connections_ = 0;  // threads that serve one
  std::thread acceptor_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_HTTP_SERVER_H_
