// What fork() and the end of the process mean for threads that fetch.

#ifndef AISTUDIO_AUTH_SRC_CORE_PROCESS_HOOKS_H_
#define AISTUDIO_AUTH_SRC_CORE_PROCESS_HOOKS_H_

#include <memory>
#include <mutex>
#include <vector>

namespace aistudio::auth::internal {

class RegistryCore;

// Around fork, every registry is locked, so that the child finds it whole;
// there, its threads are started again on first use. At exit no fetch starts
// any more. Fetches that ask for it are cancelled, and a moment is given to
// them to come back: gRPC cannot fork, and OpenSSL cannot be torn down, under a
// running call.
class ProcessHooks {
 public:
  // Includes `core`; sets the hooks up the first time.
  static void Watch(const std::shared_ptr<RegistryCore>& core);

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::weak_ptr<RegistryCore>> cores;
    // Locked from before the fork until after it.
    std::vector<std::shared_ptr<RegistryCore>> locked;
    std::vector<std::unique_lock<std::mutex>> locks;
  };

  static State& GetState();
  static std::vector<std::shared_ptr<RegistryCore>> Cores(State& state);
  static void BeforeFork();
  static void AfterForkInParent();
  static void AfterForkInChild();
  static void AtExit();
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_PROCESS_HOOKS_H_
