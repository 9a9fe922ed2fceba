#include "src/testing/fake_metadata.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio/auth/testing/fake_metadata.h"

namespace aistudio::auth::testing {
namespace internal {
namespace {

constexpr char kPath[] =
    "/computeMetadata/v1/instance/service-accounts/default/token";

ServerAnswer Refuse(int status, std::string text) {
  ServerAnswer answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "text/plain");
  answer.body = std::move(text);
  return answer;
}

}  // namespace

FakeMetadataImpl::FakeMetadataImpl(std::shared_ptr<Clock> clock,
                                   TokenStore* tokens,
                                   std::unique_ptr<ReservedPort> port,
                                   std::string service_account_id)
    : FakeHttpImpl(std::move(clock), tokens, std::move(port), std::nullopt),
      service_account_id_(std::move(service_account_id)) {}

std::string FakeMetadataImpl::address() const {
  return absl::StrCat("127.0.0.1:", port());
}

std::string FakeMetadataImpl::Judge(
    const ServerRequest& request, std::optional<ServerAnswer>& refusal) const {
  const auto flavor = request.headers.find("metadata-flavor");
  if (request.method != "GET" || request.target != kPath) {
    refusal = Refuse(400, "No such page");
  } else if (flavor == request.headers.end() || flavor->second != "Google") {
    refusal = Refuse(403, "Missing Metadata-Flavor:Google header");
  } else if (!enabled_) {
    refusal = Refuse(403, "Token is disabled for fhm0000000000000000");
  } else if (!attached_) {
    refusal = Refuse(404, "404 page not found");
  }
  return service_account_id_;
}

}  // namespace internal

FakeMetadata::FakeMetadata(internal::FakeMetadataImpl* impl)
    : FakeHttpService(impl), metadata_(impl) {}

std::string FakeMetadata::address() const { return metadata_->address(); }

MetadataServiceOptions FakeMetadata::options() const {
  MetadataServiceOptions options;
  options.address = address();
  return options;
}

void FakeMetadata::AttachServiceAccount(bool attached) {
  metadata_->AttachServiceAccount(attached);
}

void FakeMetadata::EnableTokens(bool enabled) {
  metadata_->EnableTokens(enabled);
}

}  // namespace aistudio::auth::testing
