// Who gets a token from the fake IAM, and who does not.

#include <iterator>
#include <map>
#include <mutex>
#include <string>

#include "absl/strings/match.h"
#include "aistudio_auth/iam.pb.h"
#include "grpcpp/support/slice.h"
#include "src/testing/fake_iam.h"

namespace aistudio::auth::testing::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

grpc::Status Unauthenticated(const std::string& text) {
  return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, text);
}

grpc::Status Malformed() {
  return grpc::Status(grpc::StatusCode::INTERNAL, "The request is malformed");
}

template <typename Message>
bool Parse(const grpc::ByteBuffer& request, Message* message) {
  grpc::Slice bytes;
  return request.DumpToSingleSlice(&bytes).ok() &&
         message->ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
}

}  // namespace

FakeIamImpl::Verdict FakeIamImpl::JudgeCreate(
    const grpc::ByteBuffer& request) const {
  wire::CreateIamTokenRequest message;
  if (!Parse(request, &message)) {
    return {Malformed(), ""};
  }
  if (!message.jwt().empty()) {
    std::string audience;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      audience = audience_;
    }
    const absl::StatusOr<std::string> subject =
        service_accounts_.VerifyJwt(message.jwt(), audience, clock_->Now());
    if (subject.ok()) return {grpc::Status::OK, *subject};
    return {Unauthenticated(std::string(subject.status().message())), ""};
  }
  const std::string& oauth_token = message.yandex_passport_oauth_token();
  if (!oauth_token.empty()) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (oauth_tokens_.count(oauth_token) > 0) {
      return {grpc::Status::OK, oauth_token};
    }
    return {Unauthenticated("OAuth token is invalid or expired"), ""};
  }
  return {
      grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                   "Validation failed: - identity: One of the options must be "
                   "selected"),
      ""};
}

grpc::Status FakeIamImpl::CheckBearer(
    const std::multimap<std::string, std::string>& metadata) const {
  constexpr char kScheme[] = "Bearer ";
  const auto headers = metadata.equal_range("authorization");
  if (headers.first == headers.second) {
    return Unauthenticated("IAM token or API key has to be passed in request");
  }
  const std::string& header = headers.first->second;
  if (std::next(headers.first) != headers.second ||
      !absl::StartsWith(header, kScheme)) {
    return Unauthenticated("The token is invalid");
  }
  switch (tokens_.Check(header.substr(sizeof(kScheme) - 1), clock_->Now())) {
    case TokenStore::State::kLive:
      return grpc::Status::OK;
    case TokenStore::State::kExpired:
      return Unauthenticated("Token is invalid or has expired.");
    case TokenStore::State::kUnknown:
      return Unauthenticated("The token is invalid");
  }
  return grpc::Status::OK;
}

FakeIamImpl::Verdict FakeIamImpl::JudgeImpersonation(
    const grpc::ByteBuffer& request,
    const std::multimap<std::string, std::string>& metadata) const {
  wire::CreateIamTokenForServiceAccountRequest message;
  if (!Parse(request, &message)) return {Malformed(), ""};
  if (grpc::Status bearer = CheckBearer(metadata); !bearer.ok()) {
    return {bearer, ""};
  }
  const std::string& id = message.service_account_id();
  if (id.empty() || id.size() > 50) {
    return {grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                         "Validation failed: - service_account_id: is required "
                         "and has at most 50 characters"),
            ""};
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (impersonable_.count(id) > 0) return {grpc::Status::OK, id};
  return {
      grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "Permission denied"),
      ""};
}

}  // namespace aistudio::auth::testing::internal
