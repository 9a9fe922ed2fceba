// Ctrl-C, for commands that run until somebody ends them.

#ifndef AISTUDIO_AUTH_SRC_CLI_INTERRUPT_WATCH_H_
#define AISTUDIO_AUTH_SRC_CLI_INTERRUPT_WATCH_H_

#include <signal.h>

#include "absl/time/time.h"

namespace aistudio::auth::cli {

// Takes Ctrl-C as a wish to end early. Made before any thread, as threads
// inherit which signals are held back.
class InterruptWatch {
 public:
  InterruptWatch() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // From here on Ctrl-C ends the process.
  ~InterruptWatch() { pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  // Returns true if interrupted before `timeout` was over.
  bool WaitFor(absl::Duration timeout) {
    const timespec time = absl::ToTimespec(timeout);
    return sigtimedwait(&signals_, nullptr, &time) > 0;
  }

 private:
  sigset_t signals_;
};

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_INTERRUPT_WATCH_H_
