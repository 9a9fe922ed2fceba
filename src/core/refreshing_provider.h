// A provider whose token the refresher keeps fresh.

#ifndef AISTUDIO_AUTH_SRC_CORE_REFRESHING_PROVIDER_H_
#define AISTUDIO_AUTH_SRC_CORE_REFRESHING_PROVIDER_H_

#include <functional>
#include <memory>
#include <string>

#include "src/core/provider.h"
#include "src/core/registry_core.h"

namespace aistudio::auth::internal {

// The side of a record that handles and plugins hold; the record itself is held
// by the registry and by a running fetch too. When the last holder lets go, on
// whatever thread, the record is dropped without waiting for anything.
class RefreshingProvider final : public Provider {
 public:
  RefreshingProvider(std::shared_ptr<RegistryCore> core,
                     std::shared_ptr<ProviderRecord> record);
  ~RefreshingProvider() override;

  Readiness Check(absl::Duration min_remaining) const override;
  std::string_view Peek(HazardGuard& guard) const override;
  Readiness Get(absl::Duration min_remaining, std::string& header,
                absl::Status& why) const override;
  void WhenReady(absl::Duration min_remaining, absl::Duration timeout,
                 std::function<void(absl::Status)> done) const override;
  void RequireRemaining(absl::Duration min_remaining) const override;
  void ReportRejected(const std::string& header) const override;
  CredentialsStats Stats() const override;

 private:
  bool HasThreads() const;
  // What the published snapshot alone tells, or nothing if the clocks or a fork
  // call for a closer look.
  bool IsCurrent(const Snapshot& snapshot, absl::Duration min_remaining) const;
  Readiness Look(absl::Duration min_remaining, std::string* header,
                 absl::Status* why) const;

  const std::shared_ptr<RegistryCore> core_;
  const std::shared_ptr<ProviderRecord> record_;
  const Clock& clock_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_REFRESHING_PROVIDER_H_
