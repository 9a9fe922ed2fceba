// What credentials put on a call, besides the token itself.

#ifndef AISTUDIO_AUTH_SRC_GRPC_ATTACHMENT_H_
#define AISTUDIO_AUTH_SRC_GRPC_ATTACHMENT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/core/provider.h"

namespace aistudio::auth::internal {

// A provider, and the arguments of Credentials::With... on top of it. Immutable
// once it is shared.
class Attachment {
 public:
  explicit Attachment(std::shared_ptr<const Provider> provider)
      : provider_(std::move(provider)) {}

  const Provider& provider() const { return *provider_; }
  const std::shared_ptr<const Provider>& shared_provider() const {
    return provider_;
  }
  absl::Duration min_remaining() const { return min_remaining_; }
  const std::string& folder_id() const { return folder_id_; }

  // The first fault of a With... argument; these have no other way to report.
  const absl::Status& misuse() const { return misuse_; }

  void SetFolderId(std::string folder_id);
  void SetAllowedHosts(const std::vector<std::string>& hosts);
  void SetMinRemaining(absl::Duration min_remaining);

  bool restricts_hosts() const { return restricts_hosts_; }

  // Whether the header may go to the host of `service_url`, which is
  // "https://host[:port]/package.Service".
  absl::Status CheckHost(std::string_view service_url) const;

  // Equal for attachments to one provider that do the same; not a secret.
  std::string Key() const;

  // "ServiceAccountKeyAuth{service_account=aje..., folder_id=b1g...}".
  std::string DebugString() const;

 private:
  struct HostPattern {
    std::string
        host;  // lower case; for a subdomain pattern with its leading dot
    std::string port;
    bool subdomains = false;
  };

  void Misuse(absl::Status fault);

  std::shared_ptr<const Provider> provider_;
  std::string folder_id_;
  bool restricts_hosts_ = false;
  std::vector<std::string> allowed_hosts_;
  std::vector<HostPattern> host_patterns_;
  absl::Duration min_remaining_ = absl::ZeroDuration();
  absl::Status misuse_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_GRPC_ATTACHMENT_H_
