#include "src/base/thread.h"

#include <pthread.h>

#include <csignal>
#include <memory>
#include <utility>

namespace aistudio::auth::internal {
namespace {

void* RunBody(void* argument) {
  std::unique_ptr<std::function<void()>> body(
      static_cast<std::function<void()>*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

bool StartDetachedThread(const char* name, std::function<void()> body) {
  auto argument = std::make_unique<std::function<void()>>(std::move(body));
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);

  // A new thread inherits the mask, so no signal can slip in before it blocks.
  sigset_t all;
  sigset_t previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pthread_t thread;
  const int error =
      pthread_create(&thread, &attributes, RunBody, argument.get());
  if (error == 0) {
    argument.release();
#ifdef __linux__
    pthread_setname_np(thread, name);
#endif
  }
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

}  // namespace aistudio::auth::internal
