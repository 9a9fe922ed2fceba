#include "src/testing/http_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/pem.h"
#include "openssl/ssl.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr std::size_t kMaxRequest = 1024 * 1024;
constexpr int kBacklog = 64;

// A client that went away must not end the process.
void BlockPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// Makes a request of what came up to the empty line.
ServerRequest ParseHead(const std::string& head) {
  ServerRequest request;
  std::size_t end = head.find("\r\n");
  const std::string first = head.substr(0, end);
  const std::size_t method_end = first.find(' ');
  const std::size_t target_end = first.rfind(' ');
  request.method = first.substr(0, method_end);
  if (target_end != std::string::npos && target_end > method_end) {
    request.target = first.substr(method_end + 1, target_end - method_end - 1);
  }
  while (end != std::string::npos && end + 2 < head.size()) {
    const std::size_t begin = end + 2;
    end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    request.headers[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return request;
}

std::string Format(const ServerAnswer& answer) {
  if (!answer.raw.empty()) return answer.raw;
  std::string text = absl::StrCat("HTTP/1.1 ", answer.status, " Status\r\n");
  for (const auto& [name, value] : answer.headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&text, "Content-Length: ", answer.body.size(),
                  "\r\nConnection: close\r\n\r\n");
  return text;
}

}  // namespace

// What a server with TLS shows.
class HttpServer::Tls {
 public:
  explicit Tls(const Certificate& certificate)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
    const auto open = [](const std::string& text) {
      return std::unique_ptr<BIO, decltype(&BIO_free)>(
          BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
          &BIO_free);
    };
    const auto certificate_bio = open(certificate.certificate_pem);
    const auto key_bio = open(certificate.private_key_pem);
    const std::unique_ptr<X509, decltype(&X509_free)> shown(
        PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr),
        &X509_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr),
        &EVP_PKEY_free);
    if (SSL_CTX_use_certificate(context_.get(), shown.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
      std::fputs("aistudio-auth testing: OpenSSL failed: certificate\n",
                 stderr);
      std::abort();
    }
  }

  SSL_CTX* context() const { return context_.get(); }

 private:
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

// One connection's bytes, with or without TLS.
class HttpServer::Connection {
 public:
  Connection(int socket, const Tls* tls)
      : socket_(socket),
        ssl_(tls == nullptr ? nullptr : SSL_new(tls->context()), &SSL_free) {
    if (ssl_ == nullptr) return;
    SSL_set_fd(ssl_.get(), socket_);
    open_ = SSL_accept(ssl_.get()) == 1;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (open_ && ssl_ != nullptr) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  // False at the end, or if the connection broke.
  bool Read(std::string& text) {
    char buffer[4096];
    if (!open_) return false;
    const auto count =
        ssl_ == nullptr
            ? recv(socket_, buffer, sizeof(buffer), 0)
            : SSL_read(ssl_.get(), buffer, static_cast<int>(sizeof(buffer)));
    open_ = count > 0;
    if (open_) text.append(buffer, static_cast<std::size_t>(count));
    return open_;
  }

  bool Write(const char* bytes, std::size_t size) {
    while (open_ && size > 0) {
      const auto count =
          ssl_ == nullptr
              ? send(socket_, bytes, size, MSG_NOSIGNAL)
              : SSL_write(ssl_.get(), bytes, static_cast<int>(size));
      open_ = count > 0;
      if (!open_) break;
      bytes += count;
      size -= static_cast<std::size_t>(count);
    }
    return open_;
  }

  bool ReadRequest(ServerRequest& request) {
    std::string text;
    std::size_t head_end = std::string::npos;
    while (head_end == std::string::npos) {
      if (text.size() > kMaxRequest || !Read(text)) return false;
      head_end = text.find("\r\n\r\n");
    }
    request = ParseHead(text.substr(0, head_end + 2));
    std::size_t size = 0;
    const auto header = request.headers.find("content-length");
    if (header != request.headers.end() &&
        (!absl::SimpleAtoi(header->second, &size) || size > kMaxRequest)) {
      return false;
    }
    request.body = text.substr(head_end + 4);
    while (request.body.size() < size) {
      if (!Read(request.body)) return false;
    }
    return true;
  }

 private:
  const int socket_;
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool open_ = true;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    int port, const std::optional<Certificate>& certificate, Handler handler) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return absl::ErrnoToStatus(errno, "cannot make a socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(port));
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  const int on = 1;
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
      bind(listener, generic, size) != 0 || listen(listener, kBacklog) != 0 ||
      getsockname(listener, generic, &size) != 0) {
    const int error = errno;
    close(listener);
    return absl::ErrnoToStatus(error, "cannot listen on 127.0.0.1");
  }
  std::unique_ptr<HttpServer> server(new HttpServer(
      listener, ntohs(address.sin_port),
      certificate.has_value() ? std::make_unique<Tls>(*certificate) : nullptr,
      std::move(handler)));
  server->acceptor_ = std::thread([raw = server.get()] { raw->Accept(); });
  return server;
}

HttpServer::HttpServer(int listener, int port, std::unique_ptr<Tls> tls,
                       Handler handler)
    : listener_(listener),
      port_(port),
      tls_(std::move(tls)),
      handler_(std::move(handler)) {}

HttpServer::~HttpServer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    for (const int open : sockets_) shutdown(open, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);  // ends accept()
  acceptor_.join();
  close(listener_);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return connections_ == 0; });
}

void HttpServer::Accept() {
  while (true) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (accepted < 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) {
      close(accepted);
      return;
    }
    sockets_.insert(accepted);
    ++connections_;
    std::thread([this, accepted] { Serve(accepted); }).detach();
  }
}

void HttpServer::Serve(int socket) {
  BlockPipeSignal();
  {
    Connection connection(socket, tls_.get());
    ServerRequest request;
    if (connection.ReadRequest(request)) {
      const ServerAnswer answer = handler_(request);
      const std::string head = Format(answer);
      const std::string& body = answer.raw.empty() ? answer.body : "";
      connection.Write(head.data(), head.size()) &&
          SendSlowly(connection,
                     body.substr(0, body.size() -
                                        std::min(body.size(), answer.cut_off)),
                     answer.pause_per_byte);
    }
  }
  std::lock_guard<std::mutex> lock(mutex_);
  sockets_.erase(socket);
  close(socket);
  --connections_;
  // Under the mutex, so that the server is not gone before this returns.
  changed_.notify_all();
}

bool HttpServer::SendSlowly(Connection& connection, const std::string& bytes,
                            absl::Duration pause_per_byte) {
  if (pause_per_byte <= absl::ZeroDuration()) {
    return connection.Write(bytes.data(), bytes.size());
  }
  for (const char& byte : bytes) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(pause_per_byte),
                      [this] { return stopping_; });
    if (stopping_) return false;
    lock.unlock();
    if (!connection.Write(&byte, 1)) return false;
  }
  return true;
}

}  // namespace aistudio::auth::testing::internal
