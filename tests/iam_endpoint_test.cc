// What IamOptions::endpoint (options.h) may hold.

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "src/io/iam_stub.h"

namespace aistudio::auth::internal {
namespace {

TEST(NormalizeEndpointTest, CompletesAndRefuses) {
  const std::pair<const char*, const char*> kGood[] = {
      {"iam.api.cloud.yandex.net:443", "iam.api.cloud.yandex.net:443"},
      {"iam.api.cloud.yandex.net", "iam.api.cloud.yandex.net:443"},
      {"localhost:1", "localhost:1"},
      {"my_host-1:65535", "my_host-1:65535"},
      {"[::1]:50051", "[::1]:50051"},
      {"[fe80::1%eth0]", "[fe80::1%eth0]:443"},
  };
  for (const auto& [given, normalized] : kGood) {
    const auto endpoint = NormalizeEndpoint(given);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(*endpoint, normalized);
  }
  const std::pair<std::string, const char*> kBad[] = {
      {"", "is empty"},
      {"https://iam.api.cloud.yandex.net", "holds a scheme"},
      {"dns:///host:443", "holds a scheme"},
      {"host:443/path", "has no port from 1 to 65535"},
      {"host/path", "is no host name"},
      {" host:443", "is no host name"},
      {"ho st", "is no host name"},
      {"host\n:443", "is no host name"},
      {"\xD1\x8F:443", "is no host name"},
      {"user@host:443", "is no host name"},
      {":443", "is no host name"},
      {"[]:443", "is no host name"},
      {"host:", "has no port from 1 to 65535"},
      {"host:0", "has no port from 1 to 65535"},
      {"host:65536", "has no port from 1 to 65535"},
      {"host:+443", "has no port from 1 to 65535"},
      {"host:443 ", "has no port from 1 to 65535"},
      {"::1", "holds more than one colon, but no [IPv6 address]"},
      {"[::1", "has no closing ]"},
      {"[::1]443", "has no : after ]"},
      {std::string(300, 'a'), "is too long"},
      {"y0_AgAAAAzQ7Kp2Vx9Lm4Tn8RsW3bYd6H:443", "is no host name"},
      {"t1.zQ7Kp2Vx9Lm4Tn8RsW3bYd6H", "is no host name"},
  };
  for (const auto& [given, fault] : kBad) {
    const auto endpoint = NormalizeEndpoint(given);
    ASSERT_FALSE(endpoint.ok()) << given;
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(
        std::string(endpoint.status().message()),
        absl::StrCat("IamOptions::endpoint: ", fault, "; write host:port"));
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
