#include "src/io/endpoint.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

constexpr std::size_t kMaxSize = 255;

bool IsHost(absl::string_view host, absl::string_view other_characters) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return absl::ascii_isalnum(c) ||
           other_characters.find(c) != absl::string_view::npos;
  });
}

bool IsPort(absl::string_view port) {
  int number = 0;
  return port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), &absl::ascii_isdigit) &&
         absl::SimpleAtoi(port, &number) && number >= 1 && number <= 65535;
}

}  // namespace

absl::StatusOr<std::string> NormalizeHostPort(const std::string& text,
                                              int default_port,
                                              const char* field,
                                              const char* advice) {
  const auto fault = [&](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", what, "; ", advice));
  };
  if (text.empty()) return fault("is empty");
  if (absl::StrContains(text, "://")) return fault("holds a scheme");
  const std::string default_port_text = absl::StrCat(default_port);
  absl::string_view host = text;
  absl::string_view port = default_port_text;
  const bool is_v6 = absl::StartsWith(text, "[");
  std::size_t host_end = text.find(is_v6 ? ']' : ':');
  if (is_v6) {
    if (host_end == std::string::npos) return fault("has no closing ]");
    ++host_end;
  }
  if (host_end < text.size()) {
    if (text[host_end] != ':') return fault("has no : after ]");
    host = host.substr(0, host_end);
    port = absl::string_view(text).substr(host_end + 1);
  }
  if (!is_v6 && absl::StrContains(port, ":")) {
    return fault("holds more than one colon, but no [IPv6 address]");
  }
  const bool is_host = is_v6 ? IsHost(host.substr(1, host.size() - 2), ":.%")
                             : IsHost(host, "._-");
  // Errors show the endpoint, and a token can pass for a host name.
  if (!is_host || Redact(text) != text) return fault("is no host name");
  if (!IsPort(port)) return fault("has no port from 1 to 65535");
  std::string normalized = absl::StrCat(host, ":", port);
  if (normalized.size() > kMaxSize) return fault("is too long");
  return normalized;
}

}  // namespace aistudio::auth::internal
