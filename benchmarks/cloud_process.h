// A FakeCloud in a process of its own, so that what a client costs can be told
// from what its server costs.

#ifndef AISTUDIO_AUTH_BENCHMARKS_CLOUD_PROCESS_H_
#define AISTUDIO_AUTH_BENCHMARKS_CLOUD_PROCESS_H_

#include <sys/types.h>

#include <string>

namespace aistudio::auth::benchmarks {

class CloudProcess {
 public:
  // Must come before anything of gRPC: it forks. Ends the program on failure.
  CloudProcess();
  ~CloudProcess();
  CloudProcess(const CloudProcess&) = delete;
  CloudProcess& operator=(const CloudProcess&) = delete;

  const std::string& target() const { return target_; }
  const std::string& root_certificates() const { return root_certificates_; }

  // A token that lives for hours.
  const std::string& token() const { return token_; }

 private:
  pid_t process_ = -1;
  int life_line_ = -1;  // the process ends when this is closed
  std::string target_;
  std::string root_certificates_;
  std::string token_;
};

}  // namespace aistudio::auth::benchmarks

#endif  // AISTUDIO_AUTH_BENCHMARKS_CLOUD_PROCESS_H_
