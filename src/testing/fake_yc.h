// Behind FakeYc.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_YC_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_YC_H_

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/testing/fake_yc.h"
#include "src/testing/token_store.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeYcImpl {
 public:
  // `tokens` must outlive this.
  FakeYcImpl(std::shared_ptr<Clock> clock, TokenStore* tokens);
  FakeYcImpl(const FakeYcImpl&) = delete;
  FakeYcImpl& operator=(const FakeYcImpl&) = delete;
  ~FakeYcImpl();

  // As in FakeYc. Each makes the script, should it not exist yet: until then
  // the cloud has issued no token for it.
  std::string command();
  void SetBehavior(const FakeYc::Behavior& behavior);
  void NewToken(absl::Duration lifetime);
  std::string token();
  std::vector<FakeYc::Run> runs();
  std::vector<int> children();

 private:
  void PrepareLocked();
  void NewTokenLocked(absl::Duration lifetime);
  void WriteLocked(const std::string& name, const std::string& text) const;
  std::vector<std::string> LinesLocked(const std::string& name) const;

  const std::shared_ptr<Clock> clock_;
  TokenStore* const tokens_;

  std::mutex mutex_;
  std::filesystem::path folder_;  // empty: not prepared
  std::string token_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_YC_H_
