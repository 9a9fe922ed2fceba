// An IAM that sends one byte a second: in the handshake, and in its answer.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(port));
  return address;
}

// Passes bytes on between clients and a server, those of the server one a
// second while it is slow.
class SlowProxy {
 public:
  SlowProxy(const std::string& endpoint, bool slow)
      : port_(std::atoi(endpoint.substr(endpoint.find(':') + 1).c_str())),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        slow_(slow) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    own_port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~SlowProxy() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
      for (const int connection : connections_) {
        shutdown(connection, SHUT_RDWR);
      }
    }
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& pump : pumps_) pump.join();
    for (const int connection : connections_) close(connection);
    close(listener_);
  }
  SlowProxy(const SlowProxy&) = delete;
  SlowProxy& operator=(const SlowProxy&) = delete;

  std::string endpoint() const {
    return "127.0.0.1:" + std::to_string(own_port_);
  }

  void SetSlow(bool slow) {
    std::lock_guard<std::mutex> lock(mutex_);
    slow_ = slow;
    changed_.notify_all();
  }

  // Bytes of the server that were sent slowly.
  int trickled() const { return trickled_; }

 private:
  void Accept() {
    for (int client = accept(listener_, nullptr, nullptr); client >= 0;
         client = accept(listener_, nullptr, nullptr)) {
      const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = Loopback(port_);
      const bool connected =
          connect(server, reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) == 0;
      std::lock_guard<std::mutex> lock(mutex_);
      connections_.insert(connections_.end(), {client, server});
      if (!connected || stopping_) {
        shutdown(client, SHUT_RDWR);
        continue;
      }
      pumps_.emplace_back([this, client, server] {
        Pump(client, server, /*may_be_slow=*/false);
      });
      pumps_.emplace_back([this, client, server] {
        Pump(server, client, /*may_be_slow=*/true);
      });
    }
  }

  void Pump(int from, int to, bool may_be_slow) {
    char bytes[4096];
    while (true) {
      const ssize_t size = recv(from, bytes, sizeof(bytes), 0);
      if (size <= 0) break;
      for (ssize_t sent = 0; sent < size;) {
        const bool slowly = may_be_slow && WaitIfSlow();
        const ssize_t now = send(
            to, bytes + sent,
            static_cast<std::size_t>(slowly ? 1 : size - sent), MSG_NOSIGNAL);
        if (now <= 0) break;
        sent += now;
      }
    }
    shutdown(from, SHUT_RDWR);
    shutdown(to, SHUT_RDWR);
  }

  // Returns after a second, or when there is no more need to wait.
  bool WaitIfSlow() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!slow_ || stopping_) return false;
    changed_.wait_for(lock, std::chrono::seconds(1),
                      [this] { return !slow_ || stopping_; });
    if (slow_ && !stopping_) ++trickled_;
    return slow_ && !stopping_;
  }

  const int port_;
  const int listener_;
  int own_port_ = 0;
  std::atomic<int> trickled_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool slow_;
  bool stopping_ = false;
  std::vector<int> connections_;
  std::vector<std::thread> pumps_;
  std::thread acceptor_;
};

class SlowIamTest : public ::testing::Test {
 protected:
  Credentials Make(const SlowProxy& proxy) {
    IamOptions options = cloud_->iam_options();
    options.endpoint = proxy.endpoint();
    options.refresh.registry =
        ProviderRegistry::Create({nullptr, events_.callback()});
    options.refresh.fetch_timeout = absl::Seconds(2);
    return *ServiceAccountKeyCredentials(cloud_->service_account_key_json(),
                                         options);
  }

  // That a call ends within a time that is short beside the minutes that a
  // handshake or an answer would take.
  void ExpectCallEnds(const Credentials& credentials) {
    const absl::Time start = absl::Now();
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    EXPECT_LT(absl::Now() - start, absl::Seconds(20));
    EXPECT_EQ(CredentialsError(status).code(),
              absl::StatusCode::kDeadlineExceeded)
        << status.error_message();
  }

  EventLog events_;
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
};

TEST_F(SlowIamTest, AHandshakeOfOneByteASecondEndsAtTheTimeout) {
  SlowProxy proxy(cloud_->iam_endpoint(), /*slow=*/true);
  const Credentials credentials = Make(proxy);
  ExpectCallEnds(credentials);
  EXPECT_GT(proxy.trickled(), 0);
  EXPECT_EQ(cloud_->iam().requests(), 0);
  proxy.SetSlow(false);
  EXPECT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_TRUE(Call(Connect(*cloud_, credentials)).ok());
}

TEST_F(SlowIamTest, AnAnswerOfOneByteASecondEndsAtTheTimeout) {
  SlowProxy proxy(cloud_->iam_endpoint(), /*slow=*/false);
  cloud_->iam().Hang(true);
  const Credentials credentials = Make(proxy);
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (cloud_->iam().requests() == 0 && absl::Now() < end) {
    std::this_thread::yield();
  }
  proxy.SetSlow(true);
  cloud_->iam().Hang(false);
  ExpectCallEnds(credentials);
  EXPECT_GT(proxy.trickled(), 0);
  proxy.SetSlow(false);
  EXPECT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_TRUE(Call(Connect(*cloud_, credentials)).ok());
}

}  // namespace
}  // namespace aistudio::auth
