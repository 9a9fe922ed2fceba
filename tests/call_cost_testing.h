// What the programs that measure calls have in common.

#ifndef AISTUDIO_AUTH_TESTS_CALL_COST_TESTING_H_
#define AISTUDIO_AUTH_TESTS_CALL_COST_TESTING_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "aistudio/auth/credentials.h"

namespace aistudio::auth {

// What a sealed instruction_probe ends with, if not with 0.
inline constexpr int kSystemCallExitCode = 4;
inline constexpr int kNoSealExitCode = 5;

class OneTokenSource final : public TokenSource {
 public:
  explicit OneTokenSource(std::string token) : token_(std::move(token)) {}
  absl::StatusOr<Token> Fetch(absl::Time) override {
    return Token{token_, absl::Now() + absl::Hours(12)};
  }
  std::string DebugString() const override { return "one"; }

 private:
  const std::string token_;
};

// Credentials that refresh, and have their token.
inline Credentials ReadyCredentials(std::string token) {
  Credentials credentials = *TokenSourceCredentials(
      std::make_shared<OneTokenSource>(std::move(token)));
  if (!credentials.WaitUntilReady(absl::Seconds(60)).ok()) std::abort();
  return credentials;
}

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_CALL_COST_TESTING_H_
