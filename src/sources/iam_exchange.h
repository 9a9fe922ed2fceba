// Exchanges a long-lived secret for IAM tokens.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_IAM_EXCHANGE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_IAM_EXCHANGE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"
#include "src/base/secret.h"
#include "src/sources/service_account_key.h"

namespace aistudio_auth::wire {
class CreateIamTokenRequest;
class CreateIamTokenResponse;
}  // namespace aistudio_auth::wire

namespace aistudio::auth::internal {

class IamStub;

// The token in an answer of the service at `endpoint`, which loses it. INTERNAL
// if there is none, or its expiry makes no sense.
absl::StatusOr<Token> ReadToken(
    const std::string& endpoint,
    ::aistudio_auth::wire::CreateIamTokenResponse& response, absl::Time now);

// Asks IamTokenService for a token. Who asks is up to the subclass.
//
// Thread safety and errors: as TokenSource and IamStub. Whether the token can
// be used at all (its bytes, its expiry) is checked where it is kept.
class IamTokenSource : public TokenSource {
 public:
  IamTokenSource(const IamTokenSource&) = delete;
  IamTokenSource& operator=(const IamTokenSource&) = delete;
  ~IamTokenSource() override;

  absl::StatusOr<Token> Fetch(absl::Time deadline) final;
  void Cancel() final;

 protected:
  IamTokenSource(std::unique_ptr<IamStub> stub, std::shared_ptr<Clock> clock);

  // Sets the identity, anew for each attempt. It is wiped after the call.
  virtual absl::Status SetIdentity(
      ::aistudio_auth::wire::CreateIamTokenRequest* request) = 0;

  const Clock& clock() const { return *clock_; }
  const std::string& endpoint() const;

 private:
  const std::unique_ptr<IamStub> stub_;
  const std::shared_ptr<Clock> clock_;
};

// A service account, by a JWT signed with its key.
class ServiceAccountTokenSource final : public IamTokenSource {
 public:
  // An empty `audience` stands for that of the real service.
  ServiceAccountTokenSource(std::shared_ptr<const ServiceAccountKey> key,
                            std::string audience, std::unique_ptr<IamStub> stub,
                            std::shared_ptr<Clock> clock);

  // "service_account=aje..., key=aje..., endpoint=iam...:443"
  std::string DebugString() const override;

 private:
  absl::Status SetIdentity(
      ::aistudio_auth::wire::CreateIamTokenRequest* request) override;

  const std::shared_ptr<const ServiceAccountKey> key_;
  const std::string audience_;
};

// A user account, by its OAuth token.
class OAuthTokenSource final : public IamTokenSource {
 public:
  OAuthTokenSource(Secret oauth_token, std::unique_ptr<IamStub> stub,
                   std::shared_ptr<Clock> clock);

  // "endpoint=iam...:443"
  std::string DebugString() const override;

 private:
  absl::Status SetIdentity(
      ::aistudio_auth::wire::CreateIamTokenRequest* request) override;

  const Secret oauth_token_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_IAM_EXCHANGE_H_
