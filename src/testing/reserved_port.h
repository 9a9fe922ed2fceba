// A TCP port on loopback that stays ours while nobody listens on it.

#ifndef AISTUDIO_AUTH_SRC_TESTING_RESERVED_PORT_H_
#define AISTUDIO_AUTH_SRC_TESTING_RESERVED_PORT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace aistudio::auth::testing::internal {

// Holds the port with sockets that are bound but do not listen, so connections
// are refused unless a server listens beside them, which SO_REUSEPORT allows.
class ReservedPort {
 public:
  // Takes a free port, on 127.0.0.1 and, where there is IPv6, on ::1.
  static absl::StatusOr<std::unique_ptr<ReservedPort>> Take();

  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  int port() const { return port_; }

  // "localhost:<port>".
  std::string endpoint() const;

  // What a server must listen on, "address:port" each.
  std::vector<std::string> addresses() const;

 private:
  ReservedPort(int port, int ipv4_socket, int ipv6_socket)
      : port_(port), ipv4_socket_(ipv4_socket), ipv6_socket_(ipv6_socket) {}

  const int port_;
  const int ipv4_socket_;
  const int ipv6_socket_;  // -1 without IPv6
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_RESERVED_PORT_H_
