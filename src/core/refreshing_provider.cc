#include "src/core/refreshing_provider.h"

#include <algorithm>
#include <utility>

#include "src/core/hazard.h"

namespace aistudio::auth::internal {

ProviderRecord::ProviderRecord(ProviderSpec provider_spec,
                               std::function<double()> random)
    : spec(std::move(provider_spec)),
      state(spec.where, spec.policy, std::move(random)),
      current(new Snapshot),
      ready_until(kNotReady),
      epoch(0) {}

ProviderRecord::~ProviderRecord() {
  // Readers hold the provider, the provider holds this: none is left.
  delete current.load();
  for (const Snapshot* snapshot : retired) delete snapshot;
}

void ProviderRecord::Publish(Snapshot next) {
  const Snapshot& now = *current.load(std::memory_order_relaxed);
  if (now.readiness == next.readiness && now.header == next.header &&
      now.usable_until == next.usable_until && now.failure == next.failure) {
    return;
  }
  const std::int64_t until = next.readiness == Readiness::kReady
                                 ? absl::ToUnixNanos(next.usable_until)
                                 : kNotReady;
  retired.push_back(current.exchange(new Snapshot(std::move(next))));
  // Last: who sees this time finds that snapshot or a newer one, never the dead
  // one before it.
  ready_until.store(until, std::memory_order_release);
  // What a reader still holds is freed with the next change, or with the
  // record.
  retired.erase(std::remove_if(retired.begin(), retired.end(),
                               [](const Snapshot* snapshot) {
                                 if (IsHazardous(snapshot)) return false;
                                 delete snapshot;
                                 return true;
                               }),
                retired.end());
}

RefreshingProvider::RefreshingProvider(std::shared_ptr<RegistryCore> core,
                                       std::shared_ptr<ProviderRecord> record)
    : Provider(record->spec.method, record->spec.name),
      core_(std::move(core)),
      record_(std::move(record)),
      clock_(*core_->clock()) {}

RefreshingProvider::~RefreshingProvider() { core_->Drop(record_); }

inline bool RefreshingProvider::HasThreads() const {
  return record_->epoch.load(std::memory_order_relaxed) ==
         RegistryCore::fork_epoch.load(std::memory_order_relaxed);
}

bool RefreshingProvider::IsCurrent(const Snapshot& snapshot,
                                   absl::Duration min_remaining) const {
  if (!HasThreads()) return false;
  if (snapshot.readiness != Readiness::kReady) return true;
  const absl::Time now = clock_.Now();
  return now < snapshot.usable_until &&
         (min_remaining == absl::ZeroDuration() ||
          now + min_remaining <= snapshot.expires_at);
}

Readiness RefreshingProvider::Check(absl::Duration min_remaining) const {
  // Nearly every call ends here.
  if (min_remaining == absl::ZeroDuration() && HasThreads() &&
      clock_.UnixNanos() <
          record_->ready_until.load(std::memory_order_acquire)) {
    return Readiness::kReady;
  }
  {
    HazardGuard guard;
    const Snapshot* snapshot = guard.Protect(record_->current);
    if (IsCurrent(*snapshot, min_remaining)) return snapshot->readiness;
  }
  return Look(min_remaining, nullptr, nullptr);
}

std::string_view RefreshingProvider::Peek(HazardGuard& guard) const {
  const Snapshot* snapshot = guard.Protect(record_->current);
  if (snapshot->readiness != Readiness::kReady) return {};
  return snapshot->header->Expose();
}

Readiness RefreshingProvider::Get(absl::Duration min_remaining,
                                  std::string& header,
                                  absl::Status& why) const {
  {
    HazardGuard guard;
    const Snapshot* snapshot = guard.Protect(record_->current);
    if (snapshot->readiness == Readiness::kReady &&
        IsCurrent(*snapshot, min_remaining)) {
      header = std::string(snapshot->header->Expose());
      return Readiness::kReady;
    }
  }
  return Look(min_remaining, &header, &why);
}

Readiness RefreshingProvider::Look(absl::Duration min_remaining,
                                   std::string* header,
                                   absl::Status* why) const {
  RegistryCore::Locked locked(*core_);
  const Instant now = core_->Now();
  TokenState& state = record_->state;
  if (min_remaining > absl::ZeroDuration()) {
    state.RequireRemaining(now, min_remaining);
  }
  core_->Tick(record_, now, locked.outbox);
  const Readiness readiness = state.At(now, min_remaining);
  if (readiness == Readiness::kReady && header != nullptr) {
    const Snapshot& snapshot = *record_->current.load();
    header->assign(snapshot.header->Expose());
  }
  if (readiness != Readiness::kReady && why != nullptr) {
    *why = state.WhyNot(now, min_remaining);
  }
  return readiness;
}

void RefreshingProvider::WhenReady(
    absl::Duration min_remaining, absl::Duration timeout,
    std::function<void(absl::Status)> done) const {
  RegistryCore::Locked locked(*core_);
  const Instant now = core_->Now();
  TokenState& state = record_->state;
  state.RequireRemaining(now, min_remaining);
  const Readiness readiness = state.At(now, min_remaining);
  if (readiness == Readiness::kPending && timeout > absl::ZeroDuration() &&
      core_->EnsureRefresher()) {
    record_->waiters.push_back(
        {timeout, now.uptime + timeout, min_remaining, std::move(done)});
    state.CallWaits(now);
    // A tick looks at all waiters; the refresher does that for those that come
    // while a fetch runs anyway.
    if (state.ShouldFetch(now)) {
      core_->Tick(record_, now, locked.outbox);
    } else {
      core_->Reschedule(record_, now);
    }
    return;
  }
  absl::Status status = readiness == Readiness::kReady
                            ? absl::OkStatus()
                            : state.WhyNot(now, min_remaining);
  locked.outbox.Add(
      [done = std::move(done), status = std::move(status)] { done(status); });
}

void RefreshingProvider::RequireRemaining(absl::Duration min_remaining) const {
  RegistryCore::Locked locked(*core_);
  const Instant now = core_->Now();
  record_->state.RequireRemaining(now, min_remaining);
  core_->Tick(record_, now, locked.outbox);
}

void RefreshingProvider::ReportRejected(const std::string& header) const {
  RegistryCore::Locked locked(*core_);
  const Instant now = core_->Now();
  record_->state.Rejected(now, header);
  core_->Tick(record_, now, locked.outbox);
}

CredentialsStats RefreshingProvider::Stats() const {
  RegistryCore::Locked locked(*core_);
  return core_->StatsOf(*record_, core_->Now());
}

}  // namespace aistudio::auth::internal
