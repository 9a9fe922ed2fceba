#include "src/base/thread.h"

#include <pthread.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

namespace aistudio::auth::internal {
namespace {

struct Start {
  std::string name;
  std::function<void()> body;
};

void* Run(void* argument) {
  std::unique_ptr<Start> start(static_cast<Start*>(argument));
#ifdef __linux__
  // Here, as nobody else can tell whether a detached thread still exists.
  pthread_setname_np(pthread_self(), start->name.c_str());
#endif
  start->body();
  return nullptr;
}

}  // namespace

bool StartDetachedThread(const char* name, std::function<void()> body) {
  auto start = std::make_unique<Start>(Start{name, std::move(body)});
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);

  // A new thread inherits the mask, so no signal can slip in before it blocks.
  sigset_t all;
  sigset_t previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, Run, start.get());
  if (error == 0) start.release();
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

}  // namespace aistudio::auth::internal
