// Behind FakeAiStudio.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_AI_STUDIO_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_AI_STUDIO_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/support/status.h"
#include "src/testing/generic_server.h"
#include "src/testing/reserved_port.h"
#include "src/testing/token_store.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeAiStudioImpl {
 public:
  // `tokens` must outlive this.
  FakeAiStudioImpl(std::shared_ptr<Clock> clock, const TokenStore* tokens,
                   std::unique_ptr<ReservedPort> port);
  FakeAiStudioImpl(const FakeAiStudioImpl&) = delete;
  FakeAiStudioImpl& operator=(const FakeAiStudioImpl&) = delete;

  // Called once, before all else.
  absl::Status Listen(
      const std::shared_ptr<grpc::ServerCredentials>& credentials);

  // As in FakeAiStudio.
  void SetBehavior(const std::string& method,
                   FakeAiStudio::MethodBehavior behavior);
  void AddApiKey(std::string api_key);
  void AllowAnonymous(bool allow);
  std::int64_t accepted() const;
  std::int64_t refused() const;
  std::vector<FakeAiStudio::Call> calls() const;
  void ClearCalls();

  std::string endpoint() const { return port_->endpoint(); }

 private:
  std::unique_ptr<CallHandler> OnCall(ServerCall& call);
  grpc::Status CheckLocked(
      const std::multimap<std::string, std::string>& metadata) const;

  const std::shared_ptr<Clock> clock_;
  const TokenStore* const tokens_;
  const std::unique_ptr<ReservedPort> port_;

  mutable std::mutex mutex_;
  std::map<std::string, FakeAiStudio::MethodBehavior> behaviors_;
  std::set<std::string> api_keys_;
  bool allow_anonymous_ = false;
  std::int64_t accepted_ = 0;
  std::int64_t refused_ = 0;
  std::deque<FakeAiStudio::Call> calls_;

  // Destroyed first: its threads use all of the above.
  std::unique_ptr<GenericServer> server_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_AI_STUDIO_H_
