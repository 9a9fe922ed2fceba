// Who shares a token with whom, and what refreshing did.
//
// It is often not necessary to use this header: factories use
// `ProviderRegistry::Default()`. Make a registry of your own for a test with a
// `testing::ManualClock`, to hear of refreshes, or to keep tenants apart.

#ifndef AISTUDIO_AUTH_REGISTRY_H_
#define AISTUDIO_AUTH_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/export.h"

namespace aistudio::auth {

namespace internal {
class RegistryCore;
}  // namespace internal

class ProviderRegistry;

// How a token is kept fresh. The defaults suit the real services; tests and
// services with short-lived tokens change them. Values below zero are refused.
struct RefreshOptions {
  // A token is replaced at this age even if it lives longer, so that changed
  // roles and revoked keys take effect. A token is replaced at three quarters
  // of its lifetime in any case. Both are brought forward by a random tenth.
  // Default: 0, the method's own: 1 hour; 5 minutes for the metadata service;
  // half a second for a token file.
  absl::Duration max_age = absl::ZeroDuration();

  // How long one fetch may take, counted from when a thread of the library
  // takes it up; also how long calls without a token wait, counted from the
  // first attempt. Default: 10 seconds.
  absl::Duration fetch_timeout = absl::Seconds(10);

  // The longest pause after the first failed attempt; it doubles with each
  // further one. Pauses are random between zero and that ("full jitter").
  // Default: 0.5 seconds.
  absl::Duration initial_backoff = absl::Milliseconds(500);

  // The longest pause between attempts while there is no token. While one
  // lives, that is 5 minutes, max_age, or a quarter of what is left of it,
  // whichever is least.
  // Default: 15 seconds.
  absl::Duration max_backoff = absl::Seconds(15);

  // Who shares the provider. Default: null, `ProviderRegistry::Default()`.
  std::shared_ptr<ProviderRegistry> registry;
};

// What one provider did so far. Never holds a secret.
struct CredentialsStats {
  std::string method;      // "ServiceAccountKeyAuth"
  std::string provider;    // what DebugString says of it
  bool has_token = false;  // calls made now carry a header
  absl::Time expires_at = absl::InfinitePast();      // InfiniteFuture: unknown
  absl::Time last_refresh = absl::InfinitePast();    // the last that succeeded
  absl::Time next_attempt = absl::InfiniteFuture();  // as planned now
  std::int64_t generation = 0;  // counts tokens that differ
  std::int64_t refreshes = 0;   // fetches that brought a token
  std::int64_t failures = 0;    // fetches that did not
  std::int64_t consecutive_failures = 0;
  std::int64_t rejections = 0;  // ReportRejected of the current header
  std::int64_t waiters = 0;     // calls waiting for a token now
  absl::Status last_error;      // of the last failed fetch, if it is the
                                // newest; OK after a success
};

// One finished attempt to fetch a token. Never holds a secret.
struct RefreshEvent {
  std::string method;                            // "ServiceAccountKeyAuth"
  std::string provider;                          // what DebugString says of it
  absl::Status status;                           // OK, or why it failed
  absl::Time expires_at = absl::InfinitePast();  // of the token held now
  absl::Duration took = absl::ZeroDuration();
  absl::Time next_attempt = absl::InfiniteFuture();
  std::int64_t generation = 0;
  std::int64_t consecutive_failures = 0;
};

// Shares one provider (one token, one request) among all equal credentials and
// owns the thread that keeps tokens fresh.
//
// Performance: looked at when credentials are made, never by an RPC. One
// refresher thread, and up to a handful that fetch while there is something to
// fetch; none of them while no credentials exist. A fetch that hangs holds one
// thread of its own.
// Thread safety: all methods may be called from any thread. Credentials made
// with a registry keep working after the last reference to it is dropped.
// Errors: none.
class AISTUDIO_AUTH_EXPORT ProviderRegistry {
 public:
  struct Options {
    // Default: null, the machine's clock.
    std::shared_ptr<Clock> clock;

    // Called after every attempt, on a thread of the library, without locks;
    // calls may come at the same time for different providers. A slow callback
    // delays nobody. Default: none.
    std::function<void(const RefreshEvent&)> on_event;
  };

  // The process's registry: made on first use, never destroyed.
  static std::shared_ptr<ProviderRegistry> Default();

  // A registry of one's own.
  static std::shared_ptr<ProviderRegistry> Create(Options options);
  static std::shared_ptr<ProviderRegistry> Create();

  ProviderRegistry(const ProviderRegistry&) = delete;
  ProviderRegistry& operator=(const ProviderRegistry&) = delete;
  ~ProviderRegistry();

  // The statistics of every provider that refreshes, in the order of their
  // making. Credentials without refresh (API key, IAM token) have no provider
  // here.
  std::vector<CredentialsStats> Snapshot() const;

 private:
  friend class internal::RegistryCore;
  explicit ProviderRegistry(std::shared_ptr<internal::RegistryCore> core);

  std::shared_ptr<internal::RegistryCore> core_;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_REGISTRY_H_
