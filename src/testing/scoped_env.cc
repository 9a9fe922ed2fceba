#include "aistudio/auth/testing/scoped_env.h"

#include <cstdlib>
#include <utility>

namespace aistudio::auth::testing {
namespace {

void Assign(const std::string& name, const std::optional<std::string>& value) {
  if (value.has_value()) {
    setenv(name.c_str(), value->c_str(), /*overwrite=*/1);
  } else {
    unsetenv(name.c_str());
  }
}

}  // namespace

ScopedEnv::ScopedEnv(std::string name, std::optional<std::string> value)
    : name_(std::move(name)) {
  if (const char* current = std::getenv(name_.c_str())) previous_ = current;
  Assign(name_, value);
}

ScopedEnv::~ScopedEnv() { Assign(name_, previous_); }

}  // namespace aistudio::auth::testing
