#include "src/sources/impersonated_source.h"

#include <condition_variable>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio_auth/iam.pb.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/sources/iam_exchange.h"

namespace aistudio::auth::internal {
namespace {

// In which a base that can make a new token has made it.
constexpr absl::Duration kTimeForANewHeader = absl::Seconds(1);

}  // namespace

// Shared with the base's callback, which may outlive the Fetch that waits.
struct ImpersonatedSource::Wait {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  absl::Status status;

  void End(absl::Status why) {
    std::lock_guard<std::mutex> lock(mutex);
    if (std::exchange(over, true)) return;
    status = std::move(why);
    changed.notify_all();
  }
};

ImpersonatedSource::ImpersonatedSource(
    std::shared_ptr<const ImpersonationBase> base,
    std::string service_account_id, std::unique_ptr<IamStub> stub,
    std::shared_ptr<Clock> clock)
    : base_(std::move(base)),
      service_account_id_(std::move(service_account_id)),
      stub_(std::move(stub)),
      clock_(std::move(clock)) {}

ImpersonatedSource::~ImpersonatedSource() = default;

std::string ImpersonatedSource::DebugString() const {
  return absl::StrCat("service_account=", service_account_id_,
                      ", base=", base_->DebugString(),
                      ", endpoint=", stub_->endpoint());
}

absl::Status ImpersonatedSource::WaitForBase(absl::Duration timeout) {
  const auto wait = std::make_shared<Wait>();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    wait_ = wait;
  }
  base_->WhenReady(timeout,
                   [wait](absl::Status why) { wait->End(std::move(why)); });
  {
    std::unique_lock<std::mutex> lock(wait->mutex);
    wait->changed.wait(lock, [&] { return wait->over; });
  }
  std::lock_guard<std::mutex> lock(mutex_);
  wait_ = nullptr;
  return wait->status;
}

absl::StatusOr<Token> ImpersonatedSource::Fetch(absl::Time deadline) {
  absl::Status ready = WaitForBase(deadline - clock_->Now());
  absl::StatusOr<std::string> header;
  if (ready.ok()) header = base_->Header();
  if (!ready.ok() || !header.ok()) {
    const absl::Status& why = ready.ok() ? header.status() : ready;
    return absl::Status(why.code(), absl::StrCat("base ", base_->DebugString(),
                                                 ": ", why.message()));
  }
  absl::StatusOr<Token> token = Ask(*header, deadline);
  Wipe(*header);
  return token;
}

absl::StatusOr<Token> ImpersonatedSource::Ask(const std::string& header,
                                              absl::Time deadline) {
  ::aistudio_auth::wire::CreateIamTokenForServiceAccountRequest request;
  request.set_service_account_id(service_account_id_);
  auto response =
      stub_->CreateForServiceAccount(request, header, deadline - clock_->Now());
  if (absl::IsUnauthenticated(response.status())) {
    return Refused(header, response.status());
  }
  if (!response.ok()) return response.status();
  return ReadToken(stub_->endpoint(), *response, clock_->Now());
}

absl::Status ImpersonatedSource::Refused(const std::string& header,
                                         const absl::Status& error) {
  std::string digest = Digest(header);
  if (digest == refused_) return error;
  refused_ = std::move(digest);
  base_->ReportRejected(header);
  return WithRetryDelay(absl::UnavailableError(error.message()),
                        kTimeForANewHeader);
}

void ImpersonatedSource::Cancel() {
  std::shared_ptr<Wait> wait;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    wait = wait_;
  }
  if (wait != nullptr)
    wait->End(absl::CancelledError(
        "waiting for a token was cancelled; it is asked for again when "
        "needed"));
  stub_->Cancel();
}

}  // namespace aistudio::auth::internal
