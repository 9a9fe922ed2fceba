// Prints how often an RPC allocates memory, in the whole process, with gRPC's
// AccessTokenCredentials and with a token of this library that is ready.
//
//   allocation_probe TARGET ROOT_CERTIFICATES_FILE TOKEN

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>

#include "tests/auth_testing.h"
#include "tests/call_cost_testing.h"
#include "tests/sanitizer_testing.h"

namespace {

std::atomic<long> allocations{0};

}  // namespace

// gRPC allocates with malloc, so that counting operator new would not do. A
// sanitizer has a malloc of its own.
#if defined(__GLIBC__) && !AISTUDIO_AUTH_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
}
#endif

namespace aistudio::auth {
namespace {

// The least of many calls, and that is the same in every run: whatever a call
// has to allocate, it allocates each time. More is the first calls' connecting,
// and threads of gRPC that do something of their own.
long AllocationsOfAnRpc(const std::shared_ptr<grpc::Channel>& channel) {
  constexpr int kCalls = 300;
  long least = std::numeric_limits<long>::max();
  for (int i = 0; i < kCalls; ++i) {
    const long before = allocations.load();
    if (!Call(channel).ok()) std::abort();
    least = std::min(least, allocations.load() - before);
  }
  return least;
}

int Main(const std::string& target, const std::string& roots_file,
         const std::string& token) {
  std::ifstream file(roots_file);
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
  const long access_token = AllocationsOfAnRpc(grpc::CreateChannel(
      target,
      grpc::CompositeChannelCredentials(grpc::SslCredentials(ssl),
                                        grpc::AccessTokenCredentials(token))));
  const Credentials credentials = ReadyCredentials(token);
  const long ready = AllocationsOfAnRpc(
      grpc::CreateChannel(target, credentials.channel_credentials(ssl)));
  std::printf("access_token %ld ready %ld\n", access_token, ready);
  return 0;
}

}  // namespace
}  // namespace aistudio::auth

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  return aistudio::auth::Main(argv[1], argv[2], argv[3]);
}
