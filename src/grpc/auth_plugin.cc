#include "src/grpc/auth_plugin.h"

#include <exception>
#include <string_view>

#include "src/grpc/error_format.h"

namespace aistudio::auth::internal {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kFolderId[] = "x-folder-id";

// The plugin that told gRPC, on this thread, that its call need not wait: its
// GetMetadata comes next, on this thread, which is the application's.
thread_local const AuthPlugin* runs_inline = nullptr;

}  // namespace

bool AuthPlugin::IsBlocking() const {
  if (!asked_.load(std::memory_order_relaxed)) {
    asked_.store(true, std::memory_order_relaxed);
    return true;
  }
  const bool must_wait =
      attachment_->misuse().ok() &&
      attachment_->provider().Check(attachment_->min_remaining()) ==
          Readiness::kPending;
  runs_inline = must_wait ? nullptr : this;
  return must_wait;
}

grpc::Status AuthPlugin::GetMetadata(
    grpc::string_ref service_url, grpc::string_ref /*method_name*/,
    const grpc::AuthContext& /*channel_auth_context*/,
    std::multimap<grpc::string, grpc::string>* metadata) {
  const bool may_wait = runs_inline != this;
  runs_inline = nullptr;
  // An exception that leaves here ends the process.
  try {
    const absl::Status status = AddMetadata(*metadata, service_url, may_wait);
    if (status.ok()) return grpc::Status();
    return ToPluginStatus(attachment_->provider().method(), status);
  } catch (const std::exception&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                        "aistudio-auth: out of memory");
  }
}

absl::Status AuthPlugin::AddMetadata(
    std::multimap<grpc::string, grpc::string>& metadata,
    grpc::string_ref service_url, bool may_wait) const {
  const Attachment& attachment = *attachment_;
  if (!attachment.misuse().ok()) return attachment.misuse();
  if (absl::Status host = attachment.CheckHost(
          std::string_view(service_url.data(), service_url.size()));
      !host.ok()) {
    return host;
  }
  const Provider& provider = attachment.provider();
  std::string header;
  absl::Status why;
  for (;;) {
    const Readiness readiness =
        provider.Get(attachment.min_remaining(), header, why);
    if (readiness == Readiness::kReady) break;
    if (readiness == Readiness::kFailed || !may_wait) return why;
    // The provider bounds this wait: fetch_timeout after the first attempt.
    absl::Status waited = WaitUntilReady(provider, attachment.min_remaining(),
                                         absl::InfiniteDuration());
    if (!waited.ok()) return waited;
  }
  if (!header.empty()) metadata.emplace(kAuthorization, std::move(header));
  if (!attachment.folder_id().empty()) {
    metadata.emplace(kFolderId, attachment.folder_id());
  }
  return absl::OkStatus();
}

}  // namespace aistudio::auth::internal
