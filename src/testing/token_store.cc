#include "src/testing/token_store.h"

#include "absl/strings/escaping.h"
#include "src/testing/crypto.h"

namespace aistudio::auth::testing::internal {

std::string MakeTokenText() {
  return "t1." + absl::WebSafeBase64Escape(RandomBytes(100)) + "." +
         absl::WebSafeBase64Escape(RandomBytes(64));
}

TokenStore::Token TokenStore::Issue(const std::string& subject,
                                    absl::Time expires_at) {
  const Token token{MakeTokenText(), expires_at};
  std::lock_guard<std::mutex> lock(mutex_);
  positions_[token.text] = entries_.size();
  entries_.push_back({token, subject});
  return token;
}

std::optional<TokenStore::Token> TokenStore::NewestLive(
    const std::string& subject, absl::Time now) const {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->subject == subject && !entry->revoked &&
        entry->token.expires_at > now) {
      return entry->token;
    }
  }
  return std::nullopt;
}

void TokenStore::Revoke(const std::string& text) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto position = positions_.find(text);
  if (position != positions_.end()) entries_[position->second].revoked = true;
}

void TokenStore::RevokeAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Entry& entry : entries_) entry.revoked = true;
}

TokenStore::State TokenStore::Check(const std::string& text,
                                    absl::Time now) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto position = positions_.find(text);
  if (position == positions_.end()) return State::kUnknown;
  const Entry& entry = entries_[position->second];
  if (entry.revoked) return State::kUnknown;
  return entry.token.expires_at > now ? State::kLive : State::kExpired;
}

std::int64_t TokenStore::issued() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<std::int64_t>(entries_.size());
}

std::string TokenStore::last() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return entries_.empty() ? "" : entries_.back().token.text;
}

}  // namespace aistudio::auth::testing::internal
