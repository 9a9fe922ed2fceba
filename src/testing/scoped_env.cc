#include "aistudio/auth/testing/scoped_env.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace aistudio::auth::testing {
namespace {

// Not setenv: it may free the array that other threads, such as those of gRPC,
// walk in getenv at that moment, and they would crash. So the environment is
// replaced by a changed copy, and what it was stays where it is.
void Assign(const std::string& name, const std::optional<std::string>& value) {
  static auto& mutex = *new std::mutex;
  static auto& texts = *new std::deque<std::string>;
  static auto& environments = *new std::deque<std::vector<char*>>;

  std::lock_guard<std::mutex> lock(mutex);
  const std::string prefix = name + "=";
  std::vector<char*>& changed = environments.emplace_back();
  for (char** variable = environ; variable != nullptr && *variable != nullptr;
       ++variable) {
    if (std::strncmp(*variable, prefix.c_str(), prefix.size()) != 0) {
      changed.push_back(*variable);
    }
  }
  if (value.has_value()) {
    changed.push_back(texts.emplace_back(prefix + *value).data());
  }
  changed.push_back(nullptr);
  __atomic_store_n(&environ, changed.data(), __ATOMIC_RELEASE);
}

}  // namespace

ScopedEnv::ScopedEnv(std::string name, std::optional<std::string> value)
    : name_(std::move(name)) {
  if (const char* current = std::getenv(name_.c_str())) previous_ = current;
  Assign(name_, value);
}

ScopedEnv::~ScopedEnv() { Assign(name_, previous_); }

}  // namespace aistudio::auth::testing
