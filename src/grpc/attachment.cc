#include "src/grpc/attachment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

constexpr std::size_t kLongestFolderId = 100;

// "host", "host:port", "[v6]" or "[v6]:port", in lower case.
void SplitHostPort(absl::string_view authority, std::string& host,
                   std::string& port) {
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != absl::string_view::npos &&
      (authority.front() == '[' ? authority[colon - 1] == ']'
                                : authority.find(':') == colon);
  host =
      absl::AsciiStrToLower(has_port ? authority.substr(0, colon) : authority);
  port = has_port ? std::string(authority.substr(colon + 1)) : "443";
}

bool IsHostText(absl::string_view host) {
  return !host.empty() && host.front() != ':' &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || absl::StrContains("-._:[]", c);
         });
}

}  // namespace

void Attachment::Misuse(absl::Status fault) {
  if (misuse_.ok()) misuse_ = std::move(fault);
}

void Attachment::SetFolderId(std::string folder_id) {
  // What the check says to do is meant for secrets.
  if (!CheckSecretText(folder_id, kLongestFolderId, "").ok()) {
    Misuse(absl::InvalidArgumentError(
        "WithFolderId: is not the id of a folder; pass it as the console shows "
        "it, such as b1g..."));
  }
  folder_id_ = std::move(folder_id);
}

void Attachment::SetMinRemaining(absl::Duration min_remaining) {
  if (min_remaining < absl::ZeroDuration()) {
    Misuse(absl::InvalidArgumentError(absl::StrCat(
        "WithMinRemaining: is ", absl::FormatDuration(min_remaining),
        "; pass zero or more")));
    return;
  }
  min_remaining_ = min_remaining;
  provider_->RequireRemaining(min_remaining);
}

void Attachment::SetAllowedHosts(const std::vector<std::string>& hosts) {
  restricts_hosts_ = true;
  allowed_hosts_ = hosts;
  host_patterns_.clear();
  for (const std::string& entry : hosts) {
    HostPattern pattern;
    absl::string_view host = entry;
    pattern.subdomains = absl::StartsWith(host, "*.");
    if (pattern.subdomains) host.remove_prefix(1);
    if (!IsHostText(host)) {
      Misuse(absl::InvalidArgumentError(absl::StrCat(
          "WithAllowedHosts: \"", Redact(entry),
          "\" is not a host; write \"host\", \"host:port\" or \"*.domain\", "
          "without a scheme or a path")));
      return;
    }
    SplitHostPort(host, pattern.host, pattern.port);
    host_patterns_.push_back(std::move(pattern));
  }
}

absl::Status Attachment::CheckHost(std::string_view service_url) const {
  if (!restricts_hosts_) return absl::OkStatus();
  absl::string_view rest(service_url.data(), service_url.size());
  if (const std::size_t scheme = rest.find("://");
      scheme != absl::string_view::npos) {
    rest.remove_prefix(scheme + 3);
  }
  const absl::string_view authority = rest.substr(0, rest.find('/'));
  if (!authority.empty()) {
    std::string host;
    std::string port;
    SplitHostPort(authority, host, port);
    for (const HostPattern& pattern : host_patterns_) {
      if (pattern.port == port &&
          (pattern.subdomains ? absl::EndsWith(host, pattern.host)
                              : host == pattern.host)) {
        return absl::OkStatus();
      }
    }
  }
  return absl::PermissionDeniedError(absl::StrCat(
      std::string(authority),
      ": not one of the hosts that WithAllowedHosts names (",
      Redact(absl::StrJoin(allowed_hosts_, ", ")),
      "), so no header was sent; check the channel's target, or add the host"));
}

std::string Attachment::Key() const {
  return absl::StrCat(folder_id_, "\n", restricts_hosts_, "\n",
                      absl::StrJoin(allowed_hosts_, ","), "\n",
                      absl::FormatDuration(min_remaining_), "\n",
                      misuse_.message());
}

std::string Attachment::DebugString() const {
  std::vector<std::string> parts;
  if (!provider_->name().empty()) parts.push_back(provider_->name());
  if (!folder_id_.empty() && misuse_.ok()) {
    parts.push_back(absl::StrCat("folder_id=", Redact(folder_id_)));
  }
  if (restricts_hosts_) {
    // An entry that is no host may be anything.
    parts.push_back(absl::StrCat("allowed_hosts=",
                                 Redact(absl::StrJoin(allowed_hosts_, "|"))));
  }
  if (min_remaining_ > absl::ZeroDuration()) {
    parts.push_back(
        absl::StrCat("min_remaining=", absl::FormatDuration(min_remaining_)));
  }
  return absl::StrCat(provider_->method(), "{", absl::StrJoin(parts, ", "),
                      "}");
}

}  // namespace aistudio::auth::internal
