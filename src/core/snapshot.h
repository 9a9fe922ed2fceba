// What RPCs see of a provider.

#ifndef AISTUDIO_AUTH_SRC_CORE_SNAPSHOT_H_
#define AISTUDIO_AUTH_SRC_CORE_SNAPSHOT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/base/secret.h"

namespace aistudio::auth::internal {

// What an RPC that starts now can do.
enum class Readiness {
  kReady,    // take the header and go
  kPending,  // wait for the token that is being fetched
  kFailed,   // give up now: there is a reason
};

// One state of a provider; immutable once it is published.
struct Snapshot {
  Readiness readiness = Readiness::kPending;
  std::shared_ptr<const Secret> header;  // kReady: "Bearer ..."
  absl::Time usable_until;               // kReady, by the wall clock
  absl::Time expires_at;                 // kReady, by the wall clock
  absl::Status failure;                  // kFailed
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_SNAPSHOT_H_
