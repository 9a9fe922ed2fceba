#include "src/grpc/auth_plugin.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "src/core/hazard.h"
#include "src/grpc/error_format.h"

namespace aistudio::auth::internal {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kFolderId[] = "x-folder-id";

// What a plugin has just told gRPC on this thread. Unless the call has to wait,
// its GetMetadata comes next, on this thread, which is the application's.
struct Verdict {
  const AuthPlugin* plugin;
  Readiness readiness;
};
thread_local Verdict verdict = {nullptr, Readiness::kPending};

// Inlined all the way down: a tenth of a call's instructions.
[[gnu::flatten]] void AddAuthorization(
    std::multimap<grpc::string, grpc::string>& metadata,
    std::string_view header) {
  metadata.emplace(kAuthorization, header);
}

void AddFolderId(const Attachment& attachment,
                 std::multimap<grpc::string, grpc::string>& metadata) {
  if (!attachment.folder_id().empty()) {
    metadata.emplace(kFolderId, attachment.folder_id());
  }
}

}  // namespace

bool AuthPlugin::IsBlocking() const {
  if (!asked_.load(std::memory_order_relaxed)) {
    asked_.store(true, std::memory_order_relaxed);
    return true;
  }
  const Readiness readiness =
      attachment_->misuse().ok()
          ? attachment_->provider().Check(attachment_->min_remaining())
          : Readiness::kFailed;
  verdict = {this, readiness};
  return readiness == Readiness::kPending;
}

grpc::Status AuthPlugin::GetMetadata(
    grpc::string_ref service_url, grpc::string_ref /*method_name*/,
    const grpc::AuthContext& /*channel_auth_context*/,
    std::multimap<grpc::string, grpc::string>* metadata) {
  const Readiness readiness =
      verdict.plugin == this ? verdict.readiness : Readiness::kPending;
  verdict.plugin = nullptr;
  // An exception that leaves here ends the process.
  try {
    const Attachment& attachment = *attachment_;
    if (readiness == Readiness::kReady && !attachment.restricts_hosts() &&
        (!checks_service_ || MaySendTo(service_url))) {
      // IsBlocking has just looked at the clock. Nearly every call ends here.
      HazardGuard guard;
      const std::string_view header = attachment.provider().Peek(guard);
      if (!header.empty()) {
        AddAuthorization(*metadata, header);
        AddFolderId(attachment, *metadata);
        return grpc::Status();
      }
    }
    const absl::Status status =
        AddMetadata(*metadata, service_url,
                    /*may_wait=*/readiness == Readiness::kPending);
    if (status.ok()) return grpc::Status();
    return ToPluginStatus(attachment_->provider().method(), status);
  } catch (const std::exception&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE,
                        "aistudio-auth[plugin]: RESOURCE_EXHAUSTED: memory: "
                        "none is left for a header; free some and try again");
  }
}

bool AuthPlugin::MaySendTo(grpc::string_ref service_url) const {
  return CheckService(std::string_view(service_url.data(), service_url.size()))
      .ok();
}

absl::Status AuthPlugin::AddMetadata(
    std::multimap<grpc::string, grpc::string>& metadata,
    grpc::string_ref service_url, bool may_wait) const {
  const Attachment& attachment = *attachment_;
  if (!attachment.misuse().ok()) return attachment.misuse();
  const std::string_view url(service_url.data(), service_url.size());
  if (absl::Status host = attachment.CheckHost(url); !host.ok()) return host;
  if (checks_service_) {
    if (absl::Status service = CheckService(url); !service.ok()) return service;
  }
  const Provider& provider = attachment.provider();
  std::string header;
  absl::Status why;
  absl::Duration min_remaining = attachment.min_remaining();
  for (;;) {
    const Readiness readiness = provider.Get(min_remaining, header, why);
    if (readiness == Readiness::kReady) break;
    if (readiness == Readiness::kFailed || !may_wait) return why;
    // The provider bounds this wait: fetch_timeout after the first attempt.
    absl::Status waited = WaitUntilReady(provider, attachment.min_remaining(),
                                         absl::InfiniteDuration());
    if (!waited.ok()) return waited;
    // The token was good enough when the wait ended; that it has aged a moment
    // since is no reason to wait for another.
    min_remaining = absl::ZeroDuration();
  }
  if (!header.empty()) metadata.emplace(kAuthorization, std::move(header));
  AddFolderId(attachment, metadata);
  return absl::OkStatus();
}

}  // namespace aistudio::auth::internal
