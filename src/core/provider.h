// A provider holds either a ready header or the reason there is none.

#ifndef AISTUDIO_AUTH_SRC_CORE_PROVIDER_H_
#define AISTUDIO_AUTH_SRC_CORE_PROVIDER_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "src/base/secret.h"
#include "src/core/hazard.h"
#include "src/core/snapshot.h"

namespace aistudio::auth::internal {

// Errors are in the form "<where>: <what>; <what to do>", with the true code.
//
// Thread safety: all methods may be called from any thread. `Check` and `Get`
// never wait and never take a lock while the answer is kReady.
class Provider {
 public:
  // `method` is the plugin's class name, `name` what DebugString says of it.
  Provider(std::string method, std::string name)
      : method_(std::move(method)), name_(std::move(name)) {}
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  const std::string& method() const { return method_; }
  const std::string& name() const { return name_; }

  // What a call that starts now, and needs its token for `min_remaining`, can
  // do.
  virtual Readiness Check(absl::Duration min_remaining) const = 0;

  // The published header, whatever the time, or nothing if Get has to be asked;
  // it lives as long as `guard`. For the moment after Check said kReady: it
  // need not look at the clock again.
  virtual std::string_view Peek(HazardGuard& /*guard*/) const { return {}; }

  // kReady: sets `header`. Otherwise sets `why` to the reason there is none.
  virtual Readiness Get(absl::Duration min_remaining, std::string& header,
                        absl::Status& why) const = 0;

  // Calls `done` once, with OK when Get would be ready, with the reason when it
  // would not be and waiting longer is pointless, or after `timeout`. `done`
  // may run on this thread, now, or on one of the library's, and must be quick.
  virtual void WhenReady(absl::Duration min_remaining, absl::Duration timeout,
                         std::function<void(absl::Status)> done) const = 0;

  // Calls to come need a token that lives this long; refreshes come earlier for
  // it.
  virtual void RequireRemaining(absl::Duration /*min_remaining*/) const {}

  virtual void ReportRejected(const std::string& /*header*/) const {}

  virtual CredentialsStats Stats() const = 0;

  // One object per `key` for as long as somebody holds it; `make` runs under a
  // lock and must not call back. Lets handles to one provider share what they
  // derive from it, such as gRPC's objects, which the core does not know.
  std::shared_ptr<void> Intern(
      const std::string& key,
      const std::function<std::shared_ptr<void>()>& make) const;

 private:
  const std::string method_;
  const std::string name_;
  mutable std::mutex interned_mutex_;
  mutable std::unordered_map<std::string, std::weak_ptr<void>> interned_;
};

// WhenReady, by blocking.
absl::Status WaitUntilReady(const Provider& provider,
                            absl::Duration min_remaining,
                            absl::Duration timeout);

// A header that never changes; `header` may be empty (NoAuth).
std::shared_ptr<Provider> MakeStaticProvider(std::string method,
                                             std::string name, Secret header);

// "Bearer " and the value of an environment variable, read for every call.
std::shared_ptr<Provider> MakeEnvironmentProvider(std::string method,
                                                  std::string variable);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_PROVIDER_H_
