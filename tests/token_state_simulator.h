// Runs a TokenState through virtual time, as the refresher would.

#ifndef AISTUDIO_AUTH_TESTS_TOKEN_STATE_SIMULATOR_H_
#define AISTUDIO_AUTH_TESTS_TOKEN_STATE_SIMULATOR_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"
#include "gtest/gtest.h"
#include "src/core/refresh_policy.h"
#include "src/core/snapshot.h"
#include "src/core/token_state.h"

namespace aistudio::auth::internal {

// After each step it checks what must always hold: no header of a dead token is
// ready, and something is always planned.
class Simulator {
 public:
  // Answers the `call`th fetch (from 1), at the moment the answer comes.
  using Source = std::function<absl::StatusOr<Token>(Instant now, int call)>;

  explicit Simulator(Source source, const RefreshOptions& options = {},
                     std::uint32_t seed = 1)
      : state_("simulated source", *MakeRefreshPolicy(options, absl::Hours(1)),
               [this] {
                 return std::uniform_real_distribution<double>()(random_);
               }),
        source_(std::move(source)),
        random_(seed) {}

  // A source that hands out a new token of this lifetime each time.
  static Source Always(absl::Duration lifetime) {
    return [lifetime](Instant now, int call) {
      return Token{absl::StrCat("token-", call), now.wall + lifetime};
    };
  }

  void RunFor(absl::Duration duration) {
    const absl::Duration end = now_.uptime + duration;
    for (;;) {
      Act();
      Check();
      if (now_.uptime >= end) return;
      absl::Duration next = std::min(end, now_.uptime + absl::Seconds(30));
      next = std::min(next, state_.NextChange(now_));
      if (answer_at_.has_value()) next = std::min(next, *answer_at_);
      Pass(std::max(next - now_.uptime, absl::Milliseconds(1)));
    }
  }

  // Somebody sets the wall clock.
  void SetBack(absl::Duration by) { now_.wall -= by; }
  void SetForward(absl::Duration by) { now_.wall += by; }

  // How long answers take from now on.
  void set_latency(absl::Duration latency) { latency_ = latency; }

  Readiness At(absl::Duration min_remaining = absl::ZeroDuration()) const {
    return state_.At(now_, min_remaining);
  }
  std::string Header() const {
    const Snapshot snapshot = state_.MakeSnapshot(now_);
    return snapshot.header == nullptr ? ""
                                      : std::string(snapshot.header->Expose());
  }
  CredentialsStats Stats() const {
    CredentialsStats stats;
    state_.FillStats(now_, stats);
    return stats;
  }
  Instant now() const { return now_; }
  int fetches() const { return fetches_; }
  TokenState& state() { return state_; }
  std::mt19937& random() { return random_; }

 private:
  struct Death {
    absl::Time wall;
    absl::Duration uptime;
  };

  void Pass(absl::Duration duration) {
    now_.wall += duration;
    now_.uptime += duration;
  }

  // What the refresher does when it wakes.
  void Act() {
    if (answer_at_.has_value() && now_.uptime >= *answer_at_) {
      answer_at_.reset();
      absl::StatusOr<Token> token = source_(now_, fetches_);
      if (token.ok()) {
        deaths_["Bearer " + token->value] = {
            token->expires_at, now_.uptime + (token->expires_at - now_.wall)};
      }
      state_.FetchEnded(now_, std::move(token), calls_wait_).IgnoreError();
    }
    if (state_.IsOverdue(now_)) state_.FetchOverdue(now_, calls_wait_);
    if (state_.ShouldFetch(now_)) {
      state_.FetchStarted(now_);
      ++fetches_;
      answer_at_ = now_.uptime + latency_;
    }
  }

  void Check() const {
    const Snapshot snapshot = state_.MakeSnapshot(now_);
    if (snapshot.readiness == Readiness::kReady) {
      const auto death = deaths_.find(std::string(snapshot.header->Expose()));
      ASSERT_NE(death, deaths_.end());
      ASSERT_LT(now_.wall, death->second.wall);
      ASSERT_LT(now_.uptime, death->second.uptime);
      ASSERT_LE(snapshot.usable_until, death->second.wall);
    }
    if (snapshot.readiness == Readiness::kFailed) {
      ASSERT_FALSE(snapshot.failure.ok());
    }
    // Five minutes are the longest pause anywhere, an hour the longest max_age.
    if (!state_.fetching()) {
      ASSERT_LE(state_.NextChange(now_), now_.uptime + absl::Hours(1));
    }
  }

  TokenState state_;
  const Source source_;
  std::mt19937 random_;
  Instant now_{absl::FromUnixSeconds(1767225600), absl::Hours(1)};
  absl::Duration latency_ = absl::Milliseconds(20);
  std::optional<absl::Duration> answer_at_;
  bool calls_wait_ = false;
  int fetches_ = 0;
  std::map<std::string, Death> deaths_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_TESTS_TOKEN_STATE_SIMULATOR_H_
