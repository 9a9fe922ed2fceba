#include "src/core/registry_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/process_hooks.h"
#include "src/core/refreshing_provider.h"

namespace aistudio::auth {
namespace internal {

std::shared_ptr<RegistryCore> RegistryCore::Create(
    ProviderRegistry::Options options) {
  std::shared_ptr<RegistryCore> core(new RegistryCore(std::move(options)));
  ProcessHooks::Watch(core);
  return core;
}

RegistryCore::RegistryCore(ProviderRegistry::Options options)
    : clock_(options.clock != nullptr ? std::move(options.clock)
                                      : Clock::Real()),
      on_event_(std::move(options.on_event)) {}

std::shared_ptr<RegistryCore> RegistryCore::Of(
    const std::shared_ptr<ProviderRegistry>& registry) {
  return (registry != nullptr ? registry : ProviderRegistry::Default())->core_;
}

absl::StatusOr<std::shared_ptr<Provider>> RegistryCore::Share(
    ProviderSpec spec) {
  // Dropped after the lock, should another thread let go of it meanwhile.
  std::shared_ptr<Provider> existing;
  Locked locked(*this);
  Shared& shared = by_identity_[spec.identity];
  existing = shared.provider.lock();
  if (existing != nullptr) {
    if (shared.record->spec.settings != spec.settings) {
      return absl::InvalidArgumentError(absl::StrCat(
          spec.where,
          ": this source is in use with other RefreshOptions; pass the same "
          "options, or make a second source"));
    }
    return existing;
  }
  const auto record = std::make_shared<ProviderRecord>(
      std::move(spec), [self = weak_from_this()] {
        // Asked under the mutex only.
        const auto core = self.lock();
        return core == nullptr
                   ? 0.5
                   : std::uniform_real_distribution<double>()(core->random_);
      });
  record->order = next_order_++;
  record->epoch.store(epoch_);
  records_[record->order] = record;
  auto provider =
      std::make_shared<RefreshingProvider>(shared_from_this(), record);
  shared.provider = provider;
  shared.record = record.get();
  const Instant now = Now();
  if (records_.size() == 1) boot_time_ = now.wall - now.uptime;
  Tick(record, now, locked.outbox);
  EnsureRefresher();
  return std::shared_ptr<Provider>(std::move(provider));
}

void RegistryCore::Drop(const std::shared_ptr<ProviderRecord>& record) {
  Locked locked(*this);
  record->dropped = true;
  records_.erase(record->order);
  schedule_.erase({record->wake_at, record.get()});
  const auto shared = by_identity_.find(record->spec.identity);
  if (shared != by_identity_.end() && shared->second.record == record.get()) {
    by_identity_.erase(shared);
  }
  if (record->fetch_runs) {
    pool_.Enqueue(shared_from_this(), [self = shared_from_this(), record] {
      self->CancelFetch(record);
    });
  }
  for (ProviderRecord::Waiter& waiter : record->waiters) {
    locked.outbox.Add([done = std::move(waiter.done)] {
      done(absl::CancelledError(
          "the credentials were dropped while a call waited; keep a handle for "
          "as long as calls run"));
    });
  }
  record->waiters.clear();
  // With nothing left to refresh, the threads end.
  if (records_.empty()) {
    waker_->Wake();
    pool_.Retire();
  }
}

std::vector<CredentialsStats> RegistryCore::Snapshot() {
  Locked locked(*this);
  const Instant now = Now();
  std::vector<CredentialsStats> all;
  for (const auto& [order, record] : records_) {
    all.push_back(StatsOf(*record, now));
  }
  return all;
}

CredentialsStats RegistryCore::StatsOf(ProviderRecord& record,
                                       Instant now) const {
  CredentialsStats stats;
  stats.method = record.spec.method;
  stats.provider = record.spec.name;
  record.state.FillStats(now, stats);
  stats.waiters = static_cast<std::int64_t>(record.waiters.size());
  return stats;
}

}  // namespace internal

ProviderRegistry::ProviderRegistry(std::shared_ptr<internal::RegistryCore> core)
    : core_(std::move(core)) {}

ProviderRegistry::~ProviderRegistry() = default;

std::shared_ptr<ProviderRegistry> ProviderRegistry::Default() {
  static const auto* registry = new std::shared_ptr<ProviderRegistry>(Create());
  return *registry;
}

std::shared_ptr<ProviderRegistry> ProviderRegistry::Create(Options options) {
  return std::shared_ptr<ProviderRegistry>(
      new ProviderRegistry(internal::RegistryCore::Create(std::move(options))));
}

std::shared_ptr<ProviderRegistry> ProviderRegistry::Create() {
  return Create(Options());
}

std::vector<CredentialsStats> ProviderRegistry::Snapshot() const {
  return core_->Snapshot();
}

}  // namespace aistudio::auth
