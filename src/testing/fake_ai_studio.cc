#include "src/testing/fake_ai_studio.h"

#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "src/testing/fake_text_generation.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr std::size_t kRememberedCalls = 1000;

grpc::Status Unauthenticated(const std::string& text) {
  return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, text);
}

// What follows `scheme` in `header`, or empty.
std::string CredentialsOf(const std::string& header,
                          const std::string& scheme) {
  return header.compare(0, scheme.size(), scheme) == 0
             ? header.substr(scheme.size())
             : "";
}

class EchoHandler final : public CallHandler {
 public:
  EchoHandler(ServerCall* call, FakeAiStudio::MethodBehavior behavior)
      : call_(call), behavior_(std::move(behavior)) {}

  void OnMessage(const grpc::ByteBuffer& message) override {
    const grpc::ByteBuffer answer = AnswerTo(message);
    for (int i = 0; i < behavior_.responses; ++i) {
      call_->Write(answer, i == 0 ? absl::ZeroDuration() : behavior_.interval);
    }
  }

  void OnHalfClose() override {
    call_->Finish(behavior_.status, absl::ZeroDuration());
  }

 private:
  grpc::ByteBuffer AnswerTo(const grpc::ByteBuffer& message) const {
    if (behavior_.response.empty()) return message;
    const grpc::Slice slice(behavior_.response);
    return grpc::ByteBuffer(&slice, 1);
  }

  ServerCall* const call_;
  const FakeAiStudio::MethodBehavior behavior_;
};

}  // namespace

FakeAiStudioImpl::FakeAiStudioImpl(std::shared_ptr<Clock> clock,
                                   const TokenStore* tokens,
                                   std::unique_ptr<ReservedPort> port)
    : clock_(std::move(clock)), tokens_(tokens), port_(std::move(port)) {}

absl::Status FakeAiStudioImpl::Listen(
    const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  auto server =
      GenericServer::Start(port_->addresses(), credentials,
                           [this](ServerCall& call) { return OnCall(call); });
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

void FakeAiStudioImpl::SetBehavior(const std::string& method,
                                   FakeAiStudio::MethodBehavior behavior) {
  std::lock_guard<std::mutex> lock(mutex_);
  behaviors_[method] = std::move(behavior);
}

void FakeAiStudioImpl::AddApiKey(std::string api_key) {
  std::lock_guard<std::mutex> lock(mutex_);
  api_keys_.insert(std::move(api_key));
}

void FakeAiStudioImpl::AllowAnonymous(bool allow) {
  std::lock_guard<std::mutex> lock(mutex_);
  allow_anonymous_ = allow;
}

std::int64_t FakeAiStudioImpl::accepted() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return accepted_;
}

std::int64_t FakeAiStudioImpl::refused() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return refused_;
}

std::vector<FakeAiStudio::Call> FakeAiStudioImpl::calls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return {calls_.begin(), calls_.end()};
}

void FakeAiStudioImpl::ClearCalls() {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.clear();
}

std::unique_ptr<CallHandler> FakeAiStudioImpl::OnCall(ServerCall& call) {
  FakeAiStudio::Call seen;
  seen.method = call.method();
  seen.metadata = call.metadata();
  FakeAiStudio::MethodBehavior behavior;
  bool is_model = seen.method == kCompletionMethod;
  grpc::Status verdict;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    verdict = CheckLocked(seen.metadata);
    seen.accepted = verdict.ok();
    ++(seen.accepted ? accepted_ : refused_);
    const auto set = behaviors_.find(seen.method);
    if (set != behaviors_.end()) {
      behavior = set->second;
      is_model = false;
    }
    calls_.push_back(std::move(seen));
    if (calls_.size() > kRememberedCalls) calls_.pop_front();
  }
  if (!verdict.ok()) call.Finish(verdict, absl::ZeroDuration());
  if (is_model) return MakeTextGenerationHandler(&call);
  return std::make_unique<EchoHandler>(&call, std::move(behavior));
}

grpc::Status FakeAiStudioImpl::CheckLocked(
    const std::multimap<std::string, std::string>& metadata) const {
  const auto headers = metadata.equal_range("authorization");
  const auto count = std::distance(headers.first, headers.second);
  if (count == 0) {
    return allow_anonymous_
               ? grpc::Status::OK
               : Unauthenticated(
                     "IAM token or API key has to be passed in request");
  }
  if (count > 1) {
    return Unauthenticated(
        "authorization metadata cannot have multiple values");
  }
  const std::string& header = headers.first->second;
  if (api_keys_.count(CredentialsOf(header, "Api-Key ")) > 0) {
    return grpc::Status::OK;
  }
  switch (tokens_->Check(CredentialsOf(header, "Bearer "), clock_->Now())) {
    case TokenStore::State::kLive:
      return grpc::Status::OK;
    case TokenStore::State::kExpired:
      return Unauthenticated("Token is invalid or has expired.");
    case TokenStore::State::kUnknown:
      break;
  }
  return Unauthenticated("The token is invalid");
}

}  // namespace aistudio::auth::testing::internal
