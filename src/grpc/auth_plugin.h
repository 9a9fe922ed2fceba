// The base of all auth methods' plugins.

#ifndef AISTUDIO_AUTH_SRC_GRPC_AUTH_PLUGIN_H_
#define AISTUDIO_AUTH_SRC_GRPC_AUTH_PLUGIN_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "grpcpp/security/credentials.h"
#include "src/grpc/attachment.h"

namespace aistudio::auth::internal {

// Puts the header of an attachment's provider on calls. A ready header, or a
// reason to fail, is given on the calling thread; only a call that has to wait
// for a token is sent to gRPC's pool (IsBlocking is asked for each call).
//
// Thread safety: gRPC calls everything from any thread. The destructor runs on
// one of gRPC's threads and waits for nothing.
class AuthPlugin : public grpc::MetadataCredentialsPlugin {
 public:
  explicit AuthPlugin(std::shared_ptr<const Attachment> attachment)
      : attachment_(std::move(attachment)) {}

  // True the first time: gRPC makes its pool handle only if its constructor
  // hears that, and crashes if it needs the handle later without having it.
  bool IsBlocking() const final;

  grpc::Status GetMetadata(
      grpc::string_ref service_url, grpc::string_ref method_name,
      const grpc::AuthContext& channel_auth_context,
      std::multimap<grpc::string, grpc::string>* metadata) final;

  grpc::string DebugString() final { return attachment_->DebugString(); }

 protected:
  enum class Services { kAll, kSome };

  // With kSome, CheckService is asked for each call.
  AuthPlugin(std::shared_ptr<const Attachment> attachment, Services services)
      : attachment_(std::move(attachment)),
        checks_service_(services == Services::kSome) {}

  // Whether the method's header means anything to the service of `service_url`,
  // "https://host[:port]/package.Service".
  virtual absl::Status CheckService(std::string_view /*service_url*/) const {
    return absl::OkStatus();
  }

 private:
  bool MaySendTo(grpc::string_ref service_url) const;
  absl::Status AddMetadata(std::multimap<grpc::string, grpc::string>& metadata,
                           grpc::string_ref service_url, bool may_wait) const;

  const std::shared_ptr<const Attachment> attachment_;
  const bool checks_service_ = false;
  mutable std::atomic<bool> asked_{false};
};

// Makes an auth method's plugin; each method has its class.
using PluginFactory = std::unique_ptr<grpc::MetadataCredentialsPlugin> (*)(
    std::shared_ptr<const Attachment>);

template <typename Plugin>
std::unique_ptr<grpc::MetadataCredentialsPlugin> NewPlugin(
    std::shared_ptr<const Attachment> attachment) {
  return std::make_unique<Plugin>(std::move(attachment));
}

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_GRPC_AUTH_PLUGIN_H_
