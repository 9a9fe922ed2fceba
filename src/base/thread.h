// Threads that an application does not notice.

#ifndef AISTUDIO_AUTH_SRC_BASE_THREAD_H_
#define AISTUDIO_AUTH_SRC_BASE_THREAD_H_

#include <functional>

namespace aistudio::auth::internal {

// Runs `body` on a new detached thread named `name` (15 characters at most).
// All signals are blocked in it: an application's handlers run on its own
// threads. Returns false, instead of throwing, when the system gives no thread.
bool StartDetachedThread(const char* name, std::function<void()> body);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_BASE_THREAD_H_
