// A token source made of a function.

#ifndef AISTUDIO_AUTH_TESTS_FUNCTION_SOURCE_H_
#define AISTUDIO_AUTH_TESTS_FUNCTION_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"

namespace aistudio::auth {

class FunctionSource final : public TokenSource {
 public:
  using Function = std::function<absl::StatusOr<Token>()>;

  explicit FunctionSource(Function fetch, std::string name = "function")
      : fetch_(std::move(fetch)), name_(std::move(name)) {}

  absl::StatusOr<Token> Fetch(absl::Time) override { return fetch_(); }
  std::string DebugString() const override { return name_; }

 private:
  const Function fetch_;
  const std::string name_;
};

inline std::shared_ptr<TokenSource> MakeSource(FunctionSource::Function fetch,
                                               std::string name = "function") {
  return std::make_shared<FunctionSource>(std::move(fetch), std::move(name));
}

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_FUNCTION_SOURCE_H_
