// The public headers beside the macros of <windows.h>, which some programs
// have.

// What the public headers include; it is not theirs to survive the macros.
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

// Now as hostile as they can be: any use is a syntax error.
#define min(a, b) ] hostile [
#define max(a, b) ] hostile [

#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "aistudio/auth/testing/scoped_env.h"

#undef min
#undef max

namespace aistudio::auth {
namespace {

TEST(PublicHeadersTest, MacrosNamedMinAndMaxDoNoHarm) {
  EXPECT_EQ(NoCredentials().status(), absl::OkStatus());
}

}  // namespace
}  // namespace aistudio::auth
