// An environment variable that is put back at the end of a scope.

#ifndef AISTUDIO_AUTH_TESTING_SCOPED_ENV_H_
#define AISTUDIO_AUTH_TESTING_SCOPED_ENV_H_

#include <optional>
#include <string>

namespace aistudio::auth::testing {

// Sets (or, with nullopt, unsets) a variable and restores it when destroyed.
//
//   ScopedEnv token("YC_TOKEN", "t1.test");
//
// Performance: what the environment was is kept until the process ends.
// Thread safety: other threads may read the environment meanwhile, as gRPC's do
// when they resolve a name; they see it as it was or as it is. No other thread
// may change it.
class ScopedEnv {
 public:
  ScopedEnv(std::string name, std::optional<std::string> value);
  ~ScopedEnv();
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;

 private:
  std::string name_;
  std::optional<std::string> previous_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_SCOPED_ENV_H_
