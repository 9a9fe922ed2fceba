#include "src/testing/fake_iam.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "aistudio_auth/iam.pb.h"
#include "grpcpp/support/slice.h"

namespace aistudio::auth::testing::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

constexpr char kCreate[] = "/yandex.cloud.iam.v1.IamTokenService/Create";
constexpr char kCreateForServiceAccount[] =
    "/yandex.cloud.iam.v1.IamTokenService/CreateForServiceAccount";

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

grpc::ByteBuffer Serialize(const wire::CreateIamTokenResponse& response) {
  const grpc::Slice bytes(response.SerializeAsString());
  return grpc::ByteBuffer(&bytes, 1);
}

class RequestHandler final : public CallHandler {
 public:
  RequestHandler(FakeIamImpl* iam, ServerCall* call) : iam_(iam), call_(call) {}

  void OnMessage(const grpc::ByteBuffer& message) override {
    request_ = message;
  }

  void OnHalfClose() override { iam_->OnRequest(*call_, request_); }

 private:
  FakeIamImpl* const iam_;
  ServerCall* const call_;
  grpc::ByteBuffer request_;
};

}  // namespace

FakeIamImpl::FakeIamImpl(std::shared_ptr<Clock> clock,
                         std::shared_ptr<grpc::ServerCredentials> credentials,
                         std::unique_ptr<ReservedPort> port)
    : clock_(std::move(clock)),
      credentials_(std::move(credentials)),
      port_(std::move(port)) {}

void FakeIamImpl::SetTokenLifetime(absl::Duration lifetime) {
  std::lock_guard<std::mutex> lock(mutex_);
  token_lifetime_ = lifetime;
}

void FakeIamImpl::FailNext(int count, grpc::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  fail_next_ = count;
  fail_next_status_ = std::move(status);
}

void FakeIamImpl::FailEveryNth(int n, grpc::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  fail_every_ = n;
  fail_every_status_ = std::move(status);
  requests_since_fail_every_ = 0;
}

void FakeIamImpl::FailAlways(grpc::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  fail_always_status_ = std::move(status);
}

void FakeIamImpl::Hang(bool hang) {
  std::vector<HangingCall> released;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hanging_ = hang;
    if (!hang) released.swap(hanging_calls_);
  }
  for (const HangingCall& hanging : released) {
    const std::shared_ptr<ServerCall> call = hanging.call.lock();
    if (call != nullptr) Answer(*call, hanging.verdict);
  }
}

void FakeIamImpl::SetDelay(absl::Duration delay) {
  std::lock_guard<std::mutex> lock(mutex_);
  delay_ = delay;
}

void FakeIamImpl::SetAnswer(FakeIam::Answer answer) {
  std::lock_guard<std::mutex> lock(mutex_);
  answer_ = answer;
}

void FakeIamImpl::SetJwtAudience(std::string audience) {
  std::lock_guard<std::mutex> lock(mutex_);
  audience_ = std::move(audience);
}

void FakeIamImpl::AddOAuthToken(std::string oauth_token) {
  std::lock_guard<std::mutex> lock(mutex_);
  oauth_tokens_.insert(std::move(oauth_token));
}

void FakeIamImpl::AllowImpersonation(std::string service_account_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  impersonable_.insert(std::move(service_account_id));
}

std::int64_t FakeIamImpl::requests() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

std::int64_t FakeIamImpl::failures() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return failures_;
}

void FakeIamImpl::Stop() {
  std::lock_guard<std::mutex> lock(server_mutex_);
  server_.reset();
}

absl::Status FakeIamImpl::Restart() {
  std::lock_guard<std::mutex> lock(server_mutex_);
  server_.reset();
  auto server = GenericServer::Start(
      port_->addresses(), credentials_,
      [this](ServerCall& call) -> std::unique_ptr<CallHandler> {
        if (call.method() != kCreate &&
            call.method() != kCreateForServiceAccount) {
          call.Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""),
                      absl::ZeroDuration());
        }
        return std::make_unique<RequestHandler>(this, &call);
      });
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

std::string FakeIamImpl::AddKey(const std::string& service_account_id,
                                const SharedKey& key) {
  return service_accounts_.AddKey(service_account_id, key, clock_->Now());
}

void FakeIamImpl::OnRequest(ServerCall& call, const grpc::ByteBuffer& request) {
  Verdict verdict;
  verdict.status = TakeFault();
  if (verdict.status.ok()) {
    verdict = call.method() == kCreate
                  ? JudgeCreate(request)
                  : JudgeImpersonation(request, call.metadata());
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (hanging_) {
      hanging_calls_.erase(
          std::remove_if(hanging_calls_.begin(), hanging_calls_.end(),
                         [](const HangingCall& hanging) {
                           return hanging.call.expired();
                         }),
          hanging_calls_.end());
      hanging_calls_.push_back({call.weak_from_this(), std::move(verdict)});
      return;
    }
  }
  Answer(call, verdict);
}

// The fault that the next request meets, or OK.
grpc::Status FakeIamImpl::TakeFault() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++requests_;
  bool is_nth = false;
  if (fail_every_ > 0 && ++requests_since_fail_every_ == fail_every_) {
    requests_since_fail_every_ = 0;
    is_nth = true;
  }
  if (fail_next_ > 0) {
    --fail_next_;
    return fail_next_status_;
  }
  return is_nth ? fail_every_status_ : fail_always_status_;
}

void FakeIamImpl::Answer(ServerCall& call, const Verdict& verdict) {
  FakeIam::Answer answer;
  absl::Duration delay;
  absl::Duration lifetime;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    answer = answer_;
    delay = delay_;
    lifetime = token_lifetime_;
    if (!verdict.status.ok()) ++failures_;
  }
  if (!verdict.status.ok()) {
    call.Finish(verdict.status, delay);
    return;
  }
  call.Write(MakeResponse(verdict.subject, answer, lifetime), delay);
  call.Finish(grpc::Status::OK, absl::ZeroDuration());
}

grpc::ByteBuffer FakeIamImpl::MakeResponse(const std::string& subject,
                                           FakeIam::Answer answer,
                                           absl::Duration lifetime) {
  const absl::Time now = clock_->Now();
  wire::CreateIamTokenResponse response;
  if (answer == FakeIam::Answer::kNoToken ||
      answer == FakeIam::Answer::kIllegalBytes) {
    if (answer == FakeIam::Answer::kIllegalBytes) {
      response.set_iam_token(MakeTokenText().insert(40, "\n"));
    }
    SetTime(now + lifetime, response.mutable_expires_at());
    return Serialize(response);
  }

  std::optional<TokenStore::Token> token;
  if (answer == FakeIam::Answer::kSameTokenAgain) {
    token = tokens_.NewestLive(subject, now);
  }
  if (!token.has_value()) token = tokens_.Issue(subject, now + lifetime);
  response.set_iam_token(token->text);
  absl::Time expires_at = token->expires_at;
  if (answer == FakeIam::Answer::kExpiryInThePast) {
    expires_at = now - absl::Hours(1);
  } else if (answer == FakeIam::Answer::kExpiryFarFuture) {
    expires_at = now + absl::Hours(24 * 36525);
  }
  if (answer != FakeIam::Answer::kNoExpiry) {
    SetTime(expires_at, response.mutable_expires_at());
  }
  return Serialize(response);
}

}  // namespace aistudio::auth::testing::internal
