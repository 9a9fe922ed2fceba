#include "src/io/https_url.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "curl/curl.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

constexpr std::size_t kMaxSize = 2048;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// Whether the URL has the part `what`.
bool Has(CURLU* url, CURLUPart what) {
  char* part = nullptr;
  const bool has = curl_url_get(url, what, &part, 0) == CURLUE_OK;
  curl_free(part);
  return has;
}

}  // namespace

absl::StatusOr<std::string> CheckHttpsUrl(const std::string& url,
                                          const char* field,
                                          const char* example) {
  const auto fault = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": ", what, "; write an https URL, such as ", example));
  };
  if (url.empty()) return fault("is empty");
  if (url.size() > kMaxSize) return fault("is too long");
  if (!std::all_of(url.begin(), url.end(), &absl::ascii_isgraph)) {
    return fault(
        "holds white space, a control byte or a byte that is not "
        "ASCII");
  }
  if (absl::StartsWithIgnoreCase(url, "http://")) {
    return fault("is not encrypted, and a secret is sent there");
  }
  if (!absl::StartsWithIgnoreCase(url, "https://")) {
    return fault("does not begin with https://");
  }
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (parsed == nullptr ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fault("is no URL");
  }
  if (Has(parsed.get(), CURLUPART_USER) ||
      Has(parsed.get(), CURLUPART_PASSWORD)) {
    return fault("holds a user or a password");
  }
  if (Has(parsed.get(), CURLUPART_FRAGMENT)) return fault("holds a #fragment");
  return Redact(std::string_view(url).substr(0, url.find('?')));
}

}  // namespace aistudio::auth::internal
