// Behind FakeTokenExchange.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_TOKEN_EXCHANGE_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_TOKEN_EXCHANGE_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "aistudio/auth/clock.h"
#include "src/testing/fake_http.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeTokenExchangeImpl final : public FakeHttpImpl {
 public:
  FakeTokenExchangeImpl(std::shared_ptr<Clock> clock, TokenStore* tokens,
                        std::unique_ptr<ReservedPort> port,
                        Certificate certificate,
                        std::string service_account_id);
  ~FakeTokenExchangeImpl() override { Stop(); }

  // As in FakeTokenExchange.
  std::string url() const;
  const std::string& subject_token() const { return subject_token_; }
  const std::string& service_account_id() const { return service_account_id_; }
  void AddSubjectToken(std::string subject_token,
                       std::string service_account_id);
  void RemoveSubjectToken(const std::string& subject_token);
  void QuoteSubjectToken(bool quote) { quote_ = quote; }

 private:
  std::string Judge(const ServerRequest& request,
                    std::optional<ServerAnswer>& refusal) const override;

  const std::string subject_token_;
  const std::string service_account_id_;
  std::atomic<bool> quote_{false};

  mutable std::mutex mutex_;
  std::map<std::string, std::string> accounts_;  // by their subject tokens
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_TOKEN_EXCHANGE_H_
