// Runs a program and takes what it prints.

#ifndef AISTUDIO_AUTH_SRC_IO_SUBPROCESS_H_
#define AISTUDIO_AUTH_SRC_IO_SUBPROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace aistudio::auth::internal {

// How a program ended by itself.
struct ProcessResult {
  std::string output;  // its stdout: maybe a secret, to be wiped
  std::string errors;  // its stderr, the first 64 KiB

  // One of them is set; none if somebody else in this process took the answer:
  // an application that ignores SIGCHLD, or waits for all children.
  std::optional<int> exit_code;
  std::optional<int> signal;
};

// Runs a program without a shell, in a process group of its own, with this
// process's environment, nothing on stdin and no other open files.
//
// The group is ended (SIGTERM, half a second later SIGKILL) when the time is
// over, on Cancel, and when stdout brings more than 64 KiB. It is not when the
// program ends by itself and leaves children behind; what these print later is
// not waited for. No signal handler is touched.
//
// Performance: looks every 20 ms whether the program has ended, if its pipes do
// not tell.
// Thread safety: one thread at a time calls Run; Cancel comes from any.
// Errors: "<what>", for the caller to put into a sentence; NOT_FOUND and
// PERMISSION_DENIED if there is no such program or it may not be run,
// DEADLINE_EXCEEDED, CANCELLED, OUT_OF_RANGE for too much output,
// RESOURCE_EXHAUSTED if the system gives no process or pipe, INVALID_ARGUMENT.
class Subprocess {
 public:
  static constexpr std::size_t kLongestOutput = 64 * 1024;

  Subprocess() = default;
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // `argv[0]` is looked up on PATH if it holds no slash. No process of the
  // program's is left behind as a zombie. After an error, `errors` (if it is
  // not null) holds what came on stderr.
  absl::StatusOr<ProcessResult> Run(const std::vector<std::string>& argv,
                                    absl::Duration timeout,
                                    std::string* errors = nullptr);

  // Ends a running Run. Means nothing to later ones.
  void Cancel();

 private:
  class Running;

  std::mutex mutex_;
  Running* running_ = nullptr;  // guarded by mutex_
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_SUBPROCESS_H_
