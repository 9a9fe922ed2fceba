// Child processes of tests.

#ifndef AISTUDIO_AUTH_TESTS_PROCESS_TESTING_H_
#define AISTUDIO_AUTH_TESTS_PROCESS_TESTING_H_

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "absl/time/time.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {

inline constexpr int kHangs = -1;
inline constexpr int kCrashed = -2;

// Waits for `child` to end. Returns its exit code, or kHangs (and kills it), or
// kCrashed.
inline int WaitForExit(pid_t child, absl::Duration bound = kSoon) {
  int status = 0;
  if (!WaitUntil([&] { return waitpid(child, &status, WNOHANG) == child; },
                 bound)) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return kHangs;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kCrashed;
}

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_TESTS_PROCESS_TESTING_H_
