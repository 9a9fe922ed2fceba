// Tokens of a service account, asked for by somebody else.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_IMPERSONATED_SOURCE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_IMPERSONATED_SOURCE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"
#include "src/io/iam_stub.h"

namespace aistudio::auth::internal {

// The credentials that ask.
class ImpersonationBase {
 public:
  virtual ~ImpersonationBase() = default;

  // Calls `done` once, maybe now: OK when there is a header, else why there
  // will be none soon, or none came within `timeout`.
  virtual void WhenReady(absl::Duration timeout,
                         std::function<void(absl::Status)> done) const = 0;

  // "Bearer ...", or why there is none.
  virtual absl::StatusOr<std::string> Header() const = 0;

  virtual void ReportRejected(const std::string& header) const = 0;

  // "ServiceAccountKeyAuth{...}".
  virtual std::string DebugString() const = 0;
};

// Asks IamTokenService with the base's header.
//
// A header that IAM refuses is reported to the base, which makes a new one: the
// error is UNAVAILABLE the first time, and asks for a second's pause; it is
// UNAUTHENTICATED when IAM refuses the same header again.
//
// Thread safety: as TokenSource.
// Errors: as IamStub; those of the base have its code, and "base
// ServiceAccountKeyAuth{...}: " before its text.
class ImpersonatedSource final : public TokenSource {
 public:
  ImpersonatedSource(std::shared_ptr<const ImpersonationBase> base,
                     std::string service_account_id,
                     std::unique_ptr<IamStub> stub,
                     std::shared_ptr<Clock> clock);
  ~ImpersonatedSource() override;

  absl::StatusOr<Token> Fetch(absl::Time deadline) override;
  void Cancel() override;

  // "service_account=aje..., base=..., endpoint=iam...:443"
  std::string DebugString() const override;

 private:
  struct Wait;

  absl::Status WaitForBase(absl::Duration timeout);
  absl::StatusOr<Token> Ask(const std::string& header, absl::Time deadline);
  absl::Status Refused(const std::string& header, const absl::Status& error);

  const std::shared_ptr<const ImpersonationBase> base_;
  const std::string service_account_id_;
  const std::unique_ptr<IamStub> stub_;
  const std::shared_ptr<Clock> clock_;

  std::string refused_;  // the header refused last, as a digest

  std::mutex mutex_;
  std::shared_ptr<Wait> wait_;  // guarded by mutex_; of the running Fetch
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_IMPERSONATED_SOURCE_H_
