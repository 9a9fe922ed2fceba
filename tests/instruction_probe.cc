// The calls whose instructions call_cost_test counts, in a process that does
// nothing else. Callgrind collects what happens inside of CallPlugin.
//
//   instruction_probe constant|ready|writing COUNT [sealed]
//
// "writing" is "ready" with a system call. "sealed" ends the process at
// the first system call that the calls make, with an exit code of its own.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/call_cost_testing.h"
#include "tests/call_plugin.h"
#include "tests/plugin_testing.h"

namespace aistudio::auth {
namespace {

constexpr std::size_t kTokenSize = 250;

// What no plugin can be cheaper than.
class ConstantPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  bool IsBlocking() const override { return false; }
  grpc::Status GetMetadata(
      grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
      std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->emplace("authorization", header_);
    return grpc::Status();
  }

 private:
  const std::string header_ = "Bearer " + std::string(kTokenSize, 't');
};

// Another plugin, and a system call before each of its answers.
class WritingPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit WritingPlugin(std::unique_ptr<MetadataCredentialsPlugin> plugin)
      : plugin_(std::move(plugin)) {}
  bool IsBlocking() const override { return plugin_->IsBlocking(); }
  grpc::Status GetMetadata(
      grpc::string_ref service_url, grpc::string_ref method,
      const grpc::AuthContext& context,
      std::multimap<grpc::string, grpc::string>* metadata) override {
    if (write(STDERR_FILENO, "", 0) != 0) std::abort();
    return plugin_->GetMetadata(service_url, method, context, metadata);
  }

 private:
  const std::unique_ptr<MetadataCredentialsPlugin> plugin_;
};

// From here on this thread may read the clock, for where the kernel maps none
// into the process, and end the process. False if the kernel has no such seal.
bool SealAgainstSystemCalls() {
  const auto exit_with_code = [](int) { _exit(kSystemCallExitCode); };
  if (signal(SIGSYS, exit_with_code) == SIG_ERR) return false;
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {std::size(steps), steps};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool CarriesAHeader(grpc::MetadataCredentialsPlugin& plugin) {
  Metadata metadata;
  return !plugin.IsBlocking() && GetMetadata(plugin, &metadata).ok() &&
         metadata.size() == 1 && metadata.begin()->second.size() > kTokenSize;
}

}  // namespace
}  // namespace aistudio::auth

int main(int argc, char** argv) {
  namespace auth = aistudio::auth;
  const bool sealed = argc == 4 && std::string(argv[3]) == "sealed";
  if (argc != 3 && !sealed) return 2;
  const auth::Credentials credentials =
      auth::ReadyCredentials(std::string(auth::kTokenSize, 't'));
  std::unique_ptr<grpc::MetadataCredentialsPlugin> plugin =
      credentials.MakePlugin();
  const std::string kind = argv[1];
  if (kind == "constant") {
    plugin = std::make_unique<auth::ConstantPlugin>();
  } else if (kind == "writing") {
    plugin = std::make_unique<auth::WritingPlugin>(std::move(plugin));
  }
  plugin->IsBlocking();  // as gRPC does when it takes a plugin
  if (!auth::CarriesAHeader(*plugin)) return 1;
  const auth::NoAuthContext context;
  const int count = std::atoi(argv[2]);
  if (sealed) {
    CallPlugin(plugin.get(), &context, count);  // has its memory from now on
    if (!auth::SealAgainstSystemCalls()) return auth::kNoSealExitCode;
  }
  CallPlugin(plugin.get(), &context, count);
  if (sealed) _exit(0);
  return 0;
}
