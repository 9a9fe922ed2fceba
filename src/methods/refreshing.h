// What auth methods whose tokens refresh have in common.

#ifndef AISTUDIO_AUTH_SRC_METHODS_REFRESHING_H_
#define AISTUDIO_AUTH_SRC_METHODS_REFRESHING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "src/core/registry_core.h"
#include "src/grpc/auth_plugin.h"

namespace aistudio::auth::internal {

// A key that is equal for equal `parts` only, and shows none of them. The
// refresh options are part of every identity: other numbers make another
// provider.
std::string IdentityOf(const std::vector<std::string>& parts,
                       const RefreshOptions& refresh);

// The numbers of `refresh`, as text.
std::string DescribeRefresh(const RefreshOptions& refresh);

// Checks `refresh`, fills in `spec.policy`, and makes the handle to the
// provider that equal credentials share. Errors name the method.
absl::StatusOr<Credentials> ShareCredentials(ProviderSpec spec,
                                             const RefreshOptions& refresh,
                                             absl::Duration default_max_age,
                                             PluginFactory make_plugin);

// How long an IAM token is used by default; the service advises to ask for a
// new one every hour, though they live 12.
inline constexpr absl::Duration kIamMaxAge = absl::Hours(1);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_METHODS_REFRESHING_H_
