// Behind FakeMetadata.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_METADATA_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_METADATA_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "aistudio/auth/clock.h"
#include "src/testing/fake_http.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeMetadataImpl final : public FakeHttpImpl {
 public:
  FakeMetadataImpl(std::shared_ptr<Clock> clock, TokenStore* tokens,
                   std::unique_ptr<ReservedPort> port,
                   std::string service_account_id);
  ~FakeMetadataImpl() override { Stop(); }

  // As in FakeMetadata.
  std::string address() const;
  void AttachServiceAccount(bool attached) { attached_ = attached; }
  void EnableTokens(bool enabled) { enabled_ = enabled; }

 private:
  std::string Judge(const ServerRequest& request,
                    std::optional<ServerAnswer>& refusal) const override;

  const std::string service_account_id_;
  std::atomic<bool> attached_{true};
  std::atomic<bool> enabled_{true};
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_METADATA_H_
