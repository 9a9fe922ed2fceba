#include "src/core/token_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/core/retry_delay.h"

namespace aistudio::auth::internal {
namespace {

constexpr char kScheme[] = "Bearer ";

// A token that claims to live longer is a mistake somewhere.
constexpr absl::Duration kLongestLifetime = absl::Hours(24 * 366);

// A source that hands out the same token again is not asked more often than
// this, unless that is the purpose of its max_age.
constexpr absl::Duration kShortestRefresh = absl::Seconds(1);

// Nor one whose tokens die, or are too short for a call, as soon as they come.
constexpr absl::Duration kShortestFetchInterval = absl::Milliseconds(200);

constexpr absl::Duration kRejectionInterval = absl::Seconds(10);

// How long a fetch may wait for a thread before calls hear of it.
constexpr absl::Duration kLongestQueue = absl::Minutes(1);

}  // namespace

void TokenState::FetchQueued(Instant now) {
  fetching_ = true;
  queued_ = true;
  overdue_ = false;
  rejected_while_fetching_ = false;
  fetch_started_ = now.uptime;
}

void TokenState::FetchStarted(Instant now) {
  FetchQueued(now);
  queued_ = false;
  if (!series_started_.has_value()) series_started_ = now.uptime;
}

void TokenState::FetchOverdue(Instant now, bool calls_wait) {
  overdue_ = true;
  const std::string what =
      queued_ ? absl::StrCat(": no thread was free to ask it within ",
                             absl::FormatDuration(kLongestQueue),
                             ", as too many other sources hang; it is asked "
                             "when one is free; see which "
                             "ProviderRegistry::Snapshot shows without a token")
              : absl::StrCat(
                    ": no answer within ",
                    absl::FormatDuration(policy_.fetch_timeout),
                    "; it is asked again; check the network and the service");
  CountFailure(now, absl::DeadlineExceededError(absl::StrCat(where_, what)),
               calls_wait);
}

absl::Status TokenState::FetchEnded(Instant now, absl::StatusOr<Token> token,
                                    bool calls_wait) {
  const bool counted = overdue_;
  fetching_ = false;
  overdue_ = false;
  absl::Status status = token.ok() ? Accept(now, *token) : token.status();
  if (status.ok()) return status;
  // An answer that comes after it was given up was counted then. If all it says
  // is that it was given up, the error that stands says more.
  if (counted) {
    --failures_;
    --consecutive_failures_;
    if (absl::IsCancelled(status) || absl::IsDeadlineExceeded(status)) {
      status = last_error_;
    }
  }
  CountFailure(now, status, calls_wait);
  return status;
}

void TokenState::Forked() {
  fetching_ = false;
  overdue_ = false;
  series_started_.reset();
  consecutive_failures_ = 0;
  last_error_ = absl::OkStatus();
}

void TokenState::CountFailure(Instant now, absl::Status error,
                              bool calls_wait) {
  ++failures_;
  ++consecutive_failures_;
  RefreshPolicy::Failure failure;
  failure.consecutive =
      static_cast<int>(std::min<std::int64_t>(consecutive_failures_, 1000));
  failure.permanent = IsPermanent(error.code());
  failure.calls_wait = calls_wait;
  failure.retry_delay = RetryDelayOf(error);
  if (Alive(now)) {
    failure.token_left = std::min(held_->usable_until_uptime - now.uptime,
                                  held_->usable_until - now.wall);
  }
  server_set_retry_ = failure.retry_delay.has_value();
  pause_suits_living_token_ = failure.token_left.has_value();
  retry_at_ = now.uptime + policy_.Backoff(failure, random_());
  last_error_ = std::move(error);
}

absl::Status TokenState::Accept(Instant now, Token& token) {
  if (absl::Status text = CheckSecretText(token.value, kLongestToken, "token");
      !text.ok()) {
    Wipe(token.value);
    return absl::InternalError(
        absl::StrCat(where_, ": answered with a bad ", text.message()));
  }
  const bool expires = token.expires_at != absl::InfiniteFuture();
  const absl::Duration lifetime =
      expires ? std::min(token.expires_at - now.wall, kLongestLifetime)
              : absl::InfiniteDuration();
  if (lifetime <= absl::ZeroDuration()) {
    Wipe(token.value);
    return absl::InternalError(absl::StrCat(
        where_, ": the token it sent had expired when it came, at ",
        absl::FormatTime(absl::RFC3339_sec, token.expires_at,
                         absl::UTCTimeZone()),
        "; check this machine's clock, it shows ",
        absl::FormatTime(absl::RFC3339_sec, now.wall, absl::UTCTimeZone())));
  }

  std::string text = absl::StrCat(kScheme, token.value);
  Wipe(token.value);
  const bool same_as_before = held_ && held_->header->Expose() == text;

  HeldToken held;
  held.header = std::make_shared<const Secret>(Secret::Take(text));
  held.lifetime = lifetime;
  held.expires_at = now.wall + lifetime;
  held.expires_at_uptime = now.uptime + lifetime;
  const absl::Duration usable =
      expires ? lifetime - RefreshPolicy::SafetyMargin(lifetime) : lifetime;
  held.usable_until = now.wall + usable;
  held.usable_until_uptime = now.uptime + usable;
  PlanRefresh(held, now, same_as_before);
  held_ = std::move(held);

  if (!same_as_before) ++generation_;
  ++refreshes_;
  consecutive_failures_ = 0;
  series_started_.reset();
  last_error_ = absl::OkStatus();
  last_refresh_ = now.wall;
  // The report came while this fetch ran, and the fetch brought nothing new.
  if (same_as_before && rejected_while_fetching_) PlanRejectionRefresh(now);
  return absl::OkStatus();
}

void TokenState::PlanRefresh(HeldToken& held, Instant now,
                             bool same_as_before) const {
  absl::Duration after = policy_.RefreshAfter(held.lifetime, random_());
  if (held.lifetime > required_remaining_) {
    after = std::min(after, (held.lifetime - required_remaining_) * 0.9);
  }
  absl::Duration shortest = std::min(kShortestRefresh, policy_.max_age);
  if (!same_as_before) shortest = std::min(shortest, held.lifetime * 3 / 4);
  after = std::max({after, shortest, kShortestFetchInterval});
  held.refresh_at = now.wall + after;
  held.refresh_at_uptime = now.uptime + after;
}

void TokenState::Rejected(Instant now, std::string_view header) {
  if (!held_ || held_->header->Expose() != header ||
      rejected_generation_ == generation_) {
    return;
  }
  rejected_generation_ = generation_;
  ++rejections_;
  if (fetching_) {
    rejected_while_fetching_ = true;
  } else {
    PlanRejectionRefresh(now);
  }
}

void TokenState::PlanRejectionRefresh(Instant now) {
  const absl::Duration at =
      last_rejection_refresh_.has_value()
          ? std::max(now.uptime, *last_rejection_refresh_ + kRejectionInterval)
          : now.uptime;
  if (at >= held_->refresh_at_uptime) return;
  last_rejection_refresh_ = at;
  held_->refresh_at_uptime = at;
}

void TokenState::CallWaits(Instant now) {
  if (server_set_retry_) return;
  retry_at_ =
      std::min(retry_at_,
               std::max(now.uptime, fetch_started_ + policy_.initial_backoff));
}

void TokenState::RequireRemaining(Instant now, absl::Duration min_remaining) {
  if (min_remaining > required_remaining_) {
    required_remaining_ = min_remaining;
    if (held_ && held_->lifetime > min_remaining) {
      held_->refresh_at_uptime =
          std::min(held_->refresh_at_uptime,
                   held_->expires_at_uptime -
                       (held_->lifetime - min_remaining) / 10 - min_remaining);
    }
  }
  if (held_ && held_->lifetime >= min_remaining &&
      !held_->Lasts(now, min_remaining)) {
    held_->refresh_at_uptime =
        std::min(held_->refresh_at_uptime,
                 std::max(now.uptime, fetch_started_ + kShortestFetchInterval));
  }
}

absl::Duration TokenState::NextFetch(Instant now) const {
  if (consecutive_failures_ > 0) {
    // The wall clock jumped, and killed the token that allowed for a long
    // pause.
    return pause_suits_living_token_ && !server_set_retry_ && !Alive(now)
               ? std::min(retry_at_, fetch_started_ + policy_.max_backoff)
               : retry_at_;
  }
  if (!held_) return -absl::InfiniteDuration();
  if (!held_->LivesAt(now)) {
    return held_->IsShortLived() ? fetch_started_ + kShortestFetchInterval
                                 : -absl::InfiniteDuration();
  }
  return std::min(held_->refresh_at_uptime,
                  now.uptime + (held_->refresh_at - now.wall));
}

bool TokenState::ShouldFetch(Instant now) const {
  return !fetching_ && now.uptime >= NextFetch(now);
}

absl::Duration TokenState::FetchEnd() const {
  return fetch_started_ + (queued_ ? kLongestQueue : policy_.fetch_timeout);
}

bool TokenState::IsOverdue(Instant now) const {
  return fetching_ && !overdue_ && now.uptime >= FetchEnd();
}

absl::Duration TokenState::WaitEnd() const {
  if (series_started_.has_value()) {
    return *series_started_ + policy_.fetch_timeout;
  }
  return fetching_ ? FetchEnd() : absl::InfiniteDuration();
}

absl::Duration TokenState::NextChange(Instant now) const {
  absl::Duration next = absl::InfiniteDuration();
  if (!fetching_) {
    next = NextFetch(now);
  } else if (!overdue_) {
    next = FetchEnd();
  }
  if (Alive(now)) {
    next = std::min({next, held_->usable_until_uptime,
                     now.uptime + (held_->usable_until - now.wall)});
  } else if (WaitEnd() > now.uptime) {
    next = std::min(next, WaitEnd());
  }
  return next;
}

}  // namespace aistudio::auth::internal
