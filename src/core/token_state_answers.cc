// What calls and people hear of a token's state. What changes it is in
// token_state.cc.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/core/token_state.h"

namespace aistudio::auth::internal {

Readiness TokenState::At(Instant now, absl::Duration min_remaining) const {
  if (Alive(now)) {
    if (held_->Lasts(now, min_remaining)) return Readiness::kReady;
    // The newest token never lived that long: another will not either.
    if (held_->lifetime < min_remaining) return Readiness::kFailed;
  }
  const bool gave_up =
      IsPermanent(last_error_.code()) || now.uptime >= WaitEnd();
  return gave_up ? Readiness::kFailed : Readiness::kPending;
}

absl::Status TokenState::WhyNot(Instant now,
                                absl::Duration min_remaining) const {
  if (Alive(now) && held_->lifetime < min_remaining) {
    return absl::FailedPreconditionError(absl::StrCat(
        where_, ": its tokens live ", absl::FormatDuration(held_->lifetime),
        ", less than the ", absl::FormatDuration(min_remaining),
        " that WithMinRemaining asks for; ask for less, or use a method whose "
        "tokens live longer"));
  }
  if (!last_error_.ok()) return last_error_;
  if (Alive(now)) {
    return absl::UnavailableError(absl::StrCat(
        where_, ": a token that lives at least ",
        absl::FormatDuration(min_remaining),
        " longer is being fetched; try again, or call WaitUntilReady first"));
  }
  if (held_) {
    return absl::UnavailableError(absl::StrCat(
        where_,
        ": the token has expired and the next one is being fetched; try "
        "again, or call WaitUntilReady first"));
  }
  return absl::UnavailableError(absl::StrCat(
      where_,
      ": the first token is still being fetched; try again, or call "
      "WaitUntilReady first"));
}

absl::Status TokenState::WhyNotWithin(absl::Duration timeout, Instant now,
                                      absl::Duration min_remaining) const {
  if (!last_error_.ok()) return WhyNot(now, min_remaining);
  return absl::DeadlineExceededError(absl::StrCat(
      where_, ": no token came within ", absl::FormatDuration(timeout),
      "; it is still being fetched; wait longer, or check the network and the "
      "service"));
}

Snapshot TokenState::MakeSnapshot(Instant now) const {
  Snapshot snapshot;
  snapshot.readiness = At(now, absl::ZeroDuration());
  if (snapshot.readiness == Readiness::kReady) {
    snapshot.header = held_->header;
    // In terms of today's wall clock, should it have been set back meanwhile.
    snapshot.usable_until =
        std::min(held_->usable_until,
                 now.wall + (held_->usable_until_uptime - now.uptime));
    snapshot.expires_at = std::min(
        held_->expires_at, now.wall + (held_->expires_at_uptime - now.uptime));
  } else if (snapshot.readiness == Readiness::kFailed) {
    snapshot.failure = WhyNot(now, absl::ZeroDuration());
  }
  return snapshot;
}

void TokenState::FillStats(Instant now, CredentialsStats& stats) const {
  stats.has_token = Alive(now);
  if (held_) stats.expires_at = held_->expires_at;
  stats.last_refresh = last_refresh_;
  const absl::Duration next =
      fetching_ ? now.uptime : std::max(NextFetch(now), now.uptime);
  stats.next_attempt = now.wall + (next - now.uptime);
  stats.generation = generation_;
  stats.refreshes = refreshes_;
  stats.failures = failures_;
  stats.consecutive_failures = consecutive_failures_;
  stats.rejections = rejections_;
  stats.last_error = last_error_;
}

}  // namespace aistudio::auth::internal
