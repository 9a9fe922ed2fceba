#include "aistudio/auth/testing/fake_cloud.h"

#include <utility>

#include "grpcpp/security/server_credentials.h"
#include "src/testing/crypto.h"
#include "src/testing/fake_ai_studio.h"
#include "src/testing/fake_iam.h"
#include "src/testing/fake_metadata.h"
#include "src/testing/fake_token_exchange.h"
#include "src/testing/fake_yc.h"
#include "src/testing/reserved_port.h"

namespace aistudio::auth::testing {
namespace internal {
namespace {

constexpr char kSecretAlphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// One for all default service accounts of the process: it takes most of the
// time that a cloud needs to start. Never destroyed, as it may be needed by a
// cloud that is static.
const SharedKey& DefaultKey() {
  static const SharedKey& key = *new SharedKey(GenerateRsaKey());
  return key;
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const Certificate& certificate) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(
      {certificate.private_key_pem, certificate.certificate_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace

class FakeCloudImpl {
 public:
  FakeCloudImpl(const FakeCloud::Options& options, std::shared_ptr<Clock> clock,
                std::unique_ptr<ReservedPort> iam_port,
                std::unique_ptr<ReservedPort> ai_studio_port,
                std::unique_ptr<ReservedPort> metadata_port,
                std::unique_ptr<ReservedPort> exchange_port)
      : certificate_(MakeLocalhostCertificate()),
        credentials_(MakeServerCredentials(certificate_)),
        iam_impl_(clock, credentials_, std::move(iam_port)),
        iam_(&iam_impl_),
        ai_studio_impl_(clock, &iam_impl_.tokens(), std::move(ai_studio_port)),
        ai_studio_(&ai_studio_impl_),
        metadata_impl_(clock, &iam_impl_.tokens(), std::move(metadata_port),
                       service_account_id_),
        metadata_(&metadata_impl_),
        exchange_impl_(clock, &iam_impl_.tokens(), std::move(exchange_port),
                       certificate_, service_account_id_),
        exchange_(&exchange_impl_),
        yc_impl_(clock, &iam_impl_.tokens()),
        yc_(&yc_impl_),
        service_account_key_json_(
            iam_impl_.AddKey(service_account_id_, DefaultKey())) {
    iam_.SetTokenLifetime(options.token_lifetime);
    metadata_.SetTokenLifetime(options.token_lifetime);
    exchange_.SetTokenLifetime(options.token_lifetime);
    iam_.AddOAuthToken(oauth_token_);
    ai_studio_.AddApiKey(api_key_);
  }

  absl::Status Listen(bool start_iam) {
    absl::Status listening = ai_studio_impl_.Listen(credentials_);
    listening.Update(metadata_impl_.Restart());
    listening.Update(exchange_impl_.Restart());
    return listening.ok() && start_iam ? iam_impl_.Restart() : listening;
  }

  FakeIam& iam() { return iam_; }
  FakeAiStudio& ai_studio() { return ai_studio_; }
  FakeMetadata& metadata() { return metadata_; }
  FakeTokenExchange& token_exchange() { return exchange_; }
  FakeYc& yc() { return yc_; }
  std::string iam_endpoint() const { return iam_impl_.endpoint(); }
  std::string ai_studio_endpoint() const { return ai_studio_impl_.endpoint(); }
  std::string root_certificates() const { return certificate_.certificate_pem; }
  std::string service_account_key_json() const {
    return service_account_key_json_;
  }
  std::string oauth_token() const { return oauth_token_; }
  std::string api_key() const { return api_key_; }

 private:
  const Certificate certificate_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  const std::string oauth_token_ = "y0_" + RandomText(55, kSecretAlphabet);
  const std::string api_key_ = "AQVN" + RandomText(36, kSecretAlphabet);
  const std::string service_account_id_ = MakeCloudId();
  FakeIamImpl iam_impl_;
  FakeIam iam_;
  FakeAiStudioImpl ai_studio_impl_;
  FakeAiStudio ai_studio_;
  FakeMetadataImpl metadata_impl_;
  FakeMetadata metadata_;
  FakeTokenExchangeImpl exchange_impl_;
  FakeTokenExchange exchange_;
  FakeYcImpl yc_impl_;
  FakeYc yc_;
  const std::string service_account_key_json_;
};

}  // namespace internal

void FakeIam::SetTokenLifetime(absl::Duration lifetime) {
  impl_->SetTokenLifetime(lifetime);
}

void FakeIam::FailNext(int count, grpc::Status status) {
  impl_->FailNext(count, std::move(status));
}

void FakeIam::FailEveryNth(int n, grpc::Status status) {
  impl_->FailEveryNth(n, std::move(status));
}

void FakeIam::FailAlways(grpc::Status status) {
  impl_->FailAlways(std::move(status));
}

void FakeIam::Hang(bool hang) { impl_->Hang(hang); }

void FakeIam::SetDelay(absl::Duration delay) { impl_->SetDelay(delay); }

void FakeIam::SetAnswer(Answer answer) { impl_->SetAnswer(answer); }

void FakeIam::SetJwtAudience(std::string audience) {
  impl_->SetJwtAudience(std::move(audience));
}

void FakeIam::AddOAuthToken(std::string oauth_token) {
  impl_->AddOAuthToken(std::move(oauth_token));
}

void FakeIam::AllowImpersonation(std::string service_account_id) {
  impl_->AllowImpersonation(std::move(service_account_id));
}

std::string FakeIam::AddServiceAccount(const std::string& service_account_id) {
  return impl_->AddKey(service_account_id, internal::GenerateRsaKey());
}

void FakeIam::DeleteServiceAccount(const std::string& service_account_id) {
  impl_->service_accounts().Delete(service_account_id);
}

void FakeIam::RevokeToken(const std::string& token) {
  impl_->tokens().Revoke(token);
}

void FakeIam::RevokeAllTokens() { impl_->tokens().RevokeAll(); }

std::int64_t FakeIam::requests() const { return impl_->requests(); }

std::int64_t FakeIam::tokens_issued() const { return impl_->tokens().issued(); }

std::int64_t FakeIam::failures() const { return impl_->failures(); }

std::string FakeIam::last_token() const { return impl_->tokens().last(); }

void FakeIam::Stop() { impl_->Stop(); }

absl::Status FakeIam::Restart() { return impl_->Restart(); }

void FakeAiStudio::SetBehavior(const std::string& method,
                               MethodBehavior behavior) {
  impl_->SetBehavior(method, std::move(behavior));
}

void FakeAiStudio::AddApiKey(std::string api_key) {
  impl_->AddApiKey(std::move(api_key));
}

void FakeAiStudio::AllowAnonymous(bool allow) { impl_->AllowAnonymous(allow); }

std::int64_t FakeAiStudio::accepted() const { return impl_->accepted(); }

std::int64_t FakeAiStudio::refused() const { return impl_->refused(); }

std::vector<FakeAiStudio::Call> FakeAiStudio::calls() const {
  return impl_->calls();
}

void FakeAiStudio::ClearCalls() { impl_->ClearCalls(); }

absl::StatusOr<std::unique_ptr<FakeCloud>> FakeCloud::Start(Options options) {
  auto iam_port = internal::ReservedPort::Take();
  if (!iam_port.ok()) return iam_port.status();
  auto ai_studio_port = internal::ReservedPort::Take();
  if (!ai_studio_port.ok()) return ai_studio_port.status();
  auto metadata_port = internal::ReservedPort::Take();
  if (!metadata_port.ok()) return metadata_port.status();
  auto exchange_port = internal::ReservedPort::Take();
  if (!exchange_port.ok()) return exchange_port.status();

  auto impl = std::make_unique<internal::FakeCloudImpl>(
      options, options.clock != nullptr ? options.clock : Clock::Real(),
      *std::move(iam_port), *std::move(ai_studio_port),
      *std::move(metadata_port), *std::move(exchange_port));
  const absl::Status listening = impl->Listen(options.start_iam);
  if (!listening.ok()) return listening;
  return std::unique_ptr<FakeCloud>(new FakeCloud(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<FakeCloud>> FakeCloud::Start() {
  return Start(Options());
}

FakeCloud::FakeCloud(std::unique_ptr<internal::FakeCloudImpl> impl)
    : impl_(std::move(impl)) {}

FakeCloud::~FakeCloud() = default;

FakeIam& FakeCloud::iam() { return impl_->iam(); }

FakeAiStudio& FakeCloud::ai_studio() { return impl_->ai_studio(); }

FakeMetadata& FakeCloud::metadata() { return impl_->metadata(); }

FakeTokenExchange& FakeCloud::token_exchange() {
  return impl_->token_exchange();
}

FakeYc& FakeCloud::yc() { return impl_->yc(); }

std::string FakeCloud::yc_command() const { return impl_->yc().command(); }

std::string FakeCloud::iam_endpoint() const { return impl_->iam_endpoint(); }

std::string FakeCloud::ai_studio_endpoint() const {
  return impl_->ai_studio_endpoint();
}

std::string FakeCloud::root_certificates() const {
  return impl_->root_certificates();
}

grpc::SslCredentialsOptions FakeCloud::ssl() const {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = root_certificates();
  return options;
}

IamOptions FakeCloud::iam_options() const {
  IamOptions options;
  options.endpoint = iam_endpoint();
  options.ssl = ssl();
  return options;
}

std::string FakeCloud::service_account_key_json() const {
  return impl_->service_account_key_json();
}

std::string FakeCloud::oauth_token() const { return impl_->oauth_token(); }

std::string FakeCloud::api_key() const { return impl_->api_key(); }

}  // namespace aistudio::auth::testing
