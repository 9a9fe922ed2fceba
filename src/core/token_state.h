// The state machine of one refreshing token. Pure: the time is an argument,
// there is no lock, no thread, no I/O. The refresher (refresher.h) tells it
// what happened and asks it what to do.

#ifndef AISTUDIO_AUTH_SRC_CORE_TOKEN_STATE_H_
#define AISTUDIO_AUTH_SRC_CORE_TOKEN_STATE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/token_source.h"
#include "src/base/secret.h"
#include "src/core/refresh_policy.h"
#include "src/core/snapshot.h"

namespace aistudio::auth::internal {

// Rules it keeps:
//  - A failed fetch never discards a token that still lives.
//  - A token counts as dead when either clock says so.
//  - Calls without a token wait to one end: fetch_timeout after the first
//    attempt of a series of failures began, or a minute if no thread was free
//    to begin it; a permanent error ends the wait. Then they fail with the last
//    error, until a token comes. The next attempt is always planned.
class TokenState {
 public:
  // `where` names the source in errors made here. `random` returns numbers in
  // [0, 1).
  TokenState(std::string where, const RefreshPolicy& policy,
             std::function<double()> random)
      : where_(std::move(where)), policy_(policy), random_(std::move(random)) {}

  // What happened ------------------------------------------------------------

  // A fetch waits for a thread.
  void FetchQueued(Instant now);

  // A thread has taken it up: its time counts from here.
  void FetchStarted(Instant now);

  // The fetch has not begun, or not come back, in time; it may yet.
  void FetchOverdue(Instant now, bool calls_wait);

  // The fetch came back. Returns why it brought nothing, or OK. Takes `token`
  // away and wipes it.
  absl::Status FetchEnded(Instant now, absl::StatusOr<Token> token,
                          bool calls_wait);

  // The running fetch was broken off: not a failure.
  void FetchForgotten() { fetching_ = false; }

  // This is a forked child now, perhaps long after the fork: it starts afresh,
  // with the token it has, and calls wait for its own first attempt.
  void Forked();

  // The service refused `header`. Does nothing unless it is the current one.
  void Rejected(Instant now, std::string_view header);

  // A call waits: no pause needs to be longer than the first one.
  void CallWaits(Instant now);

  // A call needs a token that lives this long from now on.
  void RequireRemaining(Instant now, absl::Duration min_remaining);

  // What to do ---------------------------------------------------------------

  bool ShouldFetch(Instant now) const;
  bool fetching() const { return fetching_; }
  // The running fetch was counted as failed.
  bool overdue() const { return overdue_; }
  bool IsOverdue(Instant now) const;

  // The uptime at which one of the answers changes if nothing happens before.
  absl::Duration NextChange(Instant now) const;

  // What a call that starts now can do, and if it must give up: why.
  Readiness At(Instant now, absl::Duration min_remaining) const;
  absl::Status WhyNot(Instant now, absl::Duration min_remaining) const;
  // The same for one that waited for `timeout` and still could.
  absl::Status WhyNotWithin(absl::Duration timeout, Instant now,
                            absl::Duration min_remaining) const;

  // What to publish for calls that require no remaining time.
  Snapshot MakeSnapshot(Instant now) const;

  // Fills in all that is known here.
  void FillStats(Instant now, CredentialsStats& stats) const;

 private:
  struct HeldToken {
    std::shared_ptr<const Secret> header;
    absl::Duration lifetime;  // when it came
    absl::Time expires_at;
    absl::Duration expires_at_uptime;
    absl::Time usable_until;
    absl::Duration usable_until_uptime;
    absl::Time refresh_at;
    absl::Duration refresh_at_uptime;

    // Would be replaced, or be dead, too soon after it came.
    bool IsShortLived() const { return lifetime < absl::Seconds(1); }
    bool LivesAt(Instant now) const {
      return now.wall < usable_until && now.uptime < usable_until_uptime;
    }
    bool Lasts(Instant now, absl::Duration remaining) const {
      return LivesAt(now) && now.wall + remaining <= expires_at &&
             now.uptime + remaining <= expires_at_uptime;
    }
  };

  absl::Status Accept(Instant now, Token& token);
  void CountFailure(Instant now, absl::Status error, bool calls_wait);
  void PlanRefresh(HeldToken& held, Instant now, bool same_as_before) const;
  void PlanRejectionRefresh(Instant now);
  absl::Duration NextFetch(Instant now) const;
  bool Alive(Instant now) const { return held_ && held_->LivesAt(now); }
  absl::Duration FetchEnd() const;
  absl::Duration WaitEnd() const;

  const std::string where_;
  const RefreshPolicy policy_;
  const std::function<double()> random_;

  std::optional<HeldToken> held_;
  absl::Duration required_remaining_ = absl::ZeroDuration();

  bool fetching_ = false;
  bool queued_ = false;   // the fetch, which no thread has taken up yet
  bool overdue_ = false;  // the fetch, already counted as failed
  // If it is queued: since when.
  absl::Duration fetch_started_ = -absl::InfiniteDuration();

  // The first attempt since the last success; calls wait from here.
  std::optional<absl::Duration> series_started_;
  absl::Duration retry_at_ = -absl::InfiniteDuration();
  bool pause_suits_living_token_ = false;
  bool server_set_retry_ = false;
  absl::Status last_error_;

  std::optional<absl::Duration> last_rejection_refresh_;
  std::int64_t rejected_generation_ = 0;
  bool rejected_while_fetching_ = false;

  std::int64_t generation_ = 0;
  std::int64_t refreshes_ = 0;
  std::int64_t failures_ = 0;
  std::int64_t consecutive_failures_ = 0;
  std::int64_t rejections_ = 0;
  absl::Time last_refresh_ = absl::InfinitePast();
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_TOKEN_STATE_H_
