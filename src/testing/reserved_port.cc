#include "src/testing/reserved_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr int kAttempts = 20;

// Returns a bound socket, or -1 with errno set.
template <typename Address>
int Bind(const Address& address, int family) {
  const int bound = socket(family, SOCK_STREAM, 0);
  if (bound < 0) return -1;
  const int on = 1;
  if (setsockopt(bound, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
      bind(bound, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) == 0) {
    return bound;
  }
  const int error = errno;
  close(bound);
  errno = error;
  return -1;
}

int BindIpv4() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Bind(address, AF_INET);
}

int BindIpv6(int port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(static_cast<in_port_t>(port));
  return Bind(address, AF_INET6);
}

int PortOf(int bound) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReservedPort>> ReservedPort::Take() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int ipv4_socket = BindIpv4();
    if (ipv4_socket < 0) {
      return absl::ErrnoToStatus(errno, "cannot bind a port on 127.0.0.1");
    }
    const int port = PortOf(ipv4_socket);
    const int ipv6_socket = BindIpv6(port);
    if (ipv6_socket < 0 && errno == EADDRINUSE) {
      close(ipv4_socket);
      continue;
    }
    return std::unique_ptr<ReservedPort>(
        new ReservedPort(port, ipv4_socket, ipv6_socket));
  }
  return absl::UnavailableError("no port is free on both 127.0.0.1 and ::1");
}

ReservedPort::~ReservedPort() {
  close(ipv4_socket_);
  if (ipv6_socket_ >= 0) close(ipv6_socket_);
}

std::string ReservedPort::endpoint() const {
  return absl::StrCat("localhost:", port_);
}

std::vector<std::string> ReservedPort::addresses() const {
  std::vector<std::string> addresses = {absl::StrCat("127.0.0.1:", port_)};
  if (ipv6_socket_ >= 0) addresses.push_back(absl::StrCat("[::1]:", port_));
  return addresses;
}

}  // namespace aistudio::auth::testing::internal
