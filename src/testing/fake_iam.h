// Behind FakeIam.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_IAM_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_IAM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "src/testing/generic_server.h"
#include "src/testing/reserved_port.h"
#include "src/testing/service_accounts.h"
#include "src/testing/token_store.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeIamImpl {
 public:
  FakeIamImpl(std::shared_ptr<Clock> clock,
              std::shared_ptr<grpc::ServerCredentials> credentials,
              std::unique_ptr<ReservedPort> port);
  FakeIamImpl(const FakeIamImpl&) = delete;
  FakeIamImpl& operator=(const FakeIamImpl&) = delete;

  // As in FakeIam.
  void SetTokenLifetime(absl::Duration lifetime);
  void FailNext(int count, grpc::Status status);
  void FailEveryNth(int n, grpc::Status status);
  void FailAlways(grpc::Status status);
  void Hang(bool hang);
  void SetDelay(absl::Duration delay);
  void SetAnswer(FakeIam::Answer answer);
  void SetJwtAudience(std::string audience);
  void AddOAuthToken(std::string oauth_token);
  void AllowImpersonation(std::string service_account_id);
  std::int64_t requests() const;
  std::int64_t failures() const;
  void Stop();
  absl::Status Restart();

  // The key file of `service_account_id`, which now also has `key`.
  std::string AddKey(const std::string& service_account_id,
                     const SharedKey& key);

  std::string endpoint() const { return port_->endpoint(); }
  ServiceAccounts& service_accounts() { return service_accounts_; }
  TokenStore& tokens() { return tokens_; }

  // One call, with its whole request.
  void OnRequest(ServerCall& call, const grpc::ByteBuffer& request);

 private:
  // What was decided when a request came in.
  struct Verdict {
    grpc::Status status;
    std::string subject;  // if the status is OK
  };

  struct HangingCall {
    std::weak_ptr<ServerCall> call;
    Verdict verdict;
  };

  grpc::Status TakeFault();
  Verdict JudgeCreate(const grpc::ByteBuffer& request) const;
  Verdict JudgeImpersonation(
      const grpc::ByteBuffer& request,
      const std::multimap<std::string, std::string>& metadata) const;
  grpc::Status CheckBearer(
      const std::multimap<std::string, std::string>& metadata) const;
  void Answer(ServerCall& call, const Verdict& verdict);
  grpc::ByteBuffer MakeResponse(const std::string& subject,
                                FakeIam::Answer answer,
                                absl::Duration lifetime);

  const std::shared_ptr<Clock> clock_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  const std::unique_ptr<ReservedPort> port_;
  ServiceAccounts service_accounts_;
  TokenStore tokens_;

  mutable std::mutex mutex_;
  absl::Duration token_lifetime_ = absl::Hours(12);
  int fail_next_ = 0;
  grpc::Status fail_next_status_;
  int fail_every_ = 0;
  int requests_since_fail_every_ = 0;
  grpc::Status fail_every_status_;
  grpc::Status fail_always_status_;
  bool hanging_ = false;
  std::vector<HangingCall> hanging_calls_;
  absl::Duration delay_;
  FakeIam::Answer answer_ = FakeIam::Answer::kGood;
  std::string audience_ = "https://iam.api.cloud.yandex.net/iam/v1/tokens";
  std::set<std::string> oauth_tokens_;
  std::set<std::string> impersonable_;
  std::int64_t requests_ = 0;
  std::int64_t failures_ = 0;

  // Apart from the other mutex, which the server's threads need to end.
  std::mutex server_mutex_;
  std::unique_ptr<GenericServer> server_;  // null while stopped
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_IAM_H_
