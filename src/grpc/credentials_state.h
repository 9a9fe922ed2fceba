// What all copies of a Credentials handle share.

#ifndef AISTUDIO_AUTH_SRC_GRPC_CREDENTIALS_STATE_H_
#define AISTUDIO_AUTH_SRC_GRPC_CREDENTIALS_STATE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "src/grpc/attachment.h"
#include "src/grpc/auth_plugin.h"

namespace aistudio::auth::internal {

// An attachment, and gRPC's objects made from it. The objects are interned with
// the provider, so that equal handles give the same ones; this holds on to them
// for as long as the handle lives.
//
// Thread safety: all methods may be called from any thread.
class CredentialsState {
 public:
  CredentialsState(std::shared_ptr<const Attachment> attachment,
                   PluginFactory make_plugin)
      : attachment_(std::move(attachment)), make_plugin_(make_plugin) {}

  // The way into the public handle.
  static Credentials MakeCredentials(std::shared_ptr<const Provider> provider,
                                     PluginFactory make_plugin);

  // What `credentials` put on calls, for methods that build on others.
  static std::shared_ptr<const Attachment> AttachmentOf(
      const Credentials& credentials) {
    return credentials.state_->attachment_;
  }

  // The same method and provider, with a changed attachment.
  Credentials Changed(const std::function<void(Attachment&)>& change) const;

  const Attachment& attachment() const { return *attachment_; }
  std::unique_ptr<grpc::MetadataCredentialsPlugin> MakePlugin() const {
    return make_plugin_(attachment_);
  }

  std::shared_ptr<grpc::CallCredentials> CallCredentials();
  std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials(
      const grpc::SslCredentialsOptions& ssl);

 private:
  const std::shared_ptr<const Attachment> attachment_;
  const PluginFactory make_plugin_;
  std::mutex mutex_;
  std::shared_ptr<grpc::CallCredentials> call_credentials_;
  std::unordered_map<std::string, std::shared_ptr<grpc::ChannelCredentials>>
      channel_credentials_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_GRPC_CREDENTIALS_STATE_H_
