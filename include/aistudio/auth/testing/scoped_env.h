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
// Thread safety: none; the environment of a process has none either. Change it
// while no other thread reads it.
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
