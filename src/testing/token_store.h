// The IAM tokens that the fake cloud has issued.

#ifndef AISTUDIO_AUTH_SRC_TESTING_TOKEN_STORE_H_
#define AISTUDIO_AUTH_SRC_TESTING_TOKEN_STORE_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"

namespace aistudio::auth::testing::internal {

// Text in the form of an IAM token that no service has issued.
std::string MakeTokenText();

// Thread safety: all methods may be called from any thread.
class TokenStore {
 public:
  enum class State { kLive, kExpired, kUnknown };

  struct Token {
    std::string text;
    absl::Time expires_at;
  };

  Token Issue(const std::string& subject, absl::Time expires_at);

  std::optional<Token> NewestLive(const std::string& subject,
                                  absl::Time now) const;

  // Revoked tokens are unknown from now on.
  void Revoke(const std::string& text);
  void RevokeAll();

  State Check(const std::string& text, absl::Time now) const;

  std::int64_t issued() const;

  // Empty if none was issued.
  std::string last() const;

 private:
  struct Entry {
    Token token;
    std::string subject;
    bool revoked = false;
  };

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> positions_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_TOKEN_STORE_H_
