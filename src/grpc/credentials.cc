#include "aistudio/auth/credentials.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth {
namespace internal {
namespace {

// A private key is part of the options, so the key of a map is a digest.
std::string DigestOf(const grpc::SslCredentialsOptions& ssl) {
  return Digest(absl::StrCat(ssl.pem_root_certs.size(), ":", ssl.pem_root_certs,
                             ssl.pem_private_key.size(), ":",
                             ssl.pem_private_key, ssl.pem_cert_chain));
}

}  // namespace

Credentials CredentialsState::MakeCredentials(
    std::shared_ptr<const Provider> provider, PluginFactory make_plugin) {
  return Credentials(std::make_shared<CredentialsState>(
      std::make_shared<Attachment>(std::move(provider)), make_plugin));
}

Credentials CredentialsState::Changed(
    const std::function<void(Attachment&)>& change) const {
  auto attachment = std::make_shared<Attachment>(*attachment_);
  change(*attachment);
  return Credentials(
      std::make_shared<CredentialsState>(std::move(attachment), make_plugin_));
}

std::shared_ptr<grpc::CallCredentials> CredentialsState::CallCredentials() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (call_credentials_ == nullptr) {
    call_credentials_ = std::static_pointer_cast<grpc::CallCredentials>(
        attachment_->provider().Intern(
            absl::StrCat("call\n", attachment_->Key()), [this] {
              return grpc::MetadataCredentialsFromPlugin(MakePlugin());
            }));
  }
  return call_credentials_;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsState::ChannelCredentials(
    const grpc::SslCredentialsOptions& ssl) {
  const auto call_credentials = CallCredentials();
  const std::string digest = DigestOf(ssl);
  std::lock_guard<std::mutex> lock(mutex_);
  auto& channel_credentials = channel_credentials_[digest];
  if (channel_credentials == nullptr) {
    channel_credentials = std::static_pointer_cast<grpc::ChannelCredentials>(
        attachment_->provider().Intern(
            absl::StrCat("channel\n", digest, "\n", attachment_->Key()), [&] {
              return grpc::CompositeChannelCredentials(
                  grpc::SslCredentials(ssl), call_credentials);
            }));
  }
  return channel_credentials;
}

}  // namespace internal

using internal::Attachment;
using internal::NameMethod;

namespace {

// The header for a call made now, or why there is none.
absl::Status GetHeader(const Attachment& attachment, std::string& header) {
  absl::Status why = attachment.misuse();
  if (why.ok()) {
    attachment.provider().Get(attachment.min_remaining(), header, why);
  }
  return NameMethod(attachment.provider().method(), why);
}

}  // namespace

Credentials::Credentials(std::shared_ptr<internal::CredentialsState> state)
    : state_(std::move(state)) {}

std::shared_ptr<grpc::CallCredentials> Credentials::call_credentials() const {
  return state_->CallCredentials();
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::channel_credentials(
    const grpc::SslCredentialsOptions& ssl) const {
  return state_->ChannelCredentials(ssl);
}

std::unique_ptr<grpc::MetadataCredentialsPlugin> Credentials::MakePlugin()
    const {
  return state_->MakePlugin();
}

absl::StatusOr<std::string> Credentials::AuthorizationHeader() const {
  std::string header;
  absl::Status status = GetHeader(state_->attachment(), header);
  if (!status.ok()) return status;
  return header;
}

absl::Status Credentials::WaitUntilReady(absl::Duration timeout) const {
  const Attachment& attachment = state_->attachment();
  absl::Status status = attachment.misuse();
  if (status.ok()) {
    status = internal::WaitUntilReady(attachment.provider(),
                                      attachment.min_remaining(), timeout);
  }
  return NameMethod(attachment.provider().method(), status);
}

absl::Status Credentials::status() const {
  std::string header;
  absl::Status status = GetHeader(state_->attachment(), header);
  internal::Wipe(header);
  return status;
}

void Credentials::ReportRejected(const std::string& authorization) const {
  state_->attachment().provider().ReportRejected(authorization);
}

CredentialsStats Credentials::stats() const {
  return state_->attachment().provider().Stats();
}

std::string Credentials::DebugString() const {
  return state_->attachment().DebugString();
}

Credentials Credentials::WithFolderId(std::string folder_id) const {
  return state_->Changed([&](Attachment& attachment) {
    attachment.SetFolderId(std::move(folder_id));
  });
}

Credentials Credentials::WithAllowedHosts(
    std::vector<std::string> hosts) const {
  return state_->Changed(
      [&](Attachment& attachment) { attachment.SetAllowedHosts(hosts); });
}

Credentials Credentials::WithMinRemaining(absl::Duration min_remaining) const {
  return state_->Changed([&](Attachment& attachment) {
    attachment.SetMinRemaining(min_remaining);
  });
}

}  // namespace aistudio::auth
