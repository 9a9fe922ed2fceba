#include "src/sources/metadata_source.h"

#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/io/endpoint.h"
#include "src/sources/http_token.h"

namespace aistudio::auth::internal {
namespace {

constexpr char kVariable[] = "YC_METADATA_ADDR";
constexpr char kDefaultAddress[] = "169.254.169.254";
constexpr int kDefaultPort = 80;
constexpr char kPath[] =
    "/computeMetadata/v1/instance/service-accounts/default/token";

// It is next door. Outside of the cloud the address leads nowhere.
constexpr absl::Duration kConnectTimeout = absl::Seconds(1);

constexpr char kCheckAddress[] =
    "check that a metadata service is at MetadataServiceOptions::address or "
    "YC_METADATA_ADDR";
constexpr char kCheckCloud[] =
    "check that this runs in Yandex Cloud; elsewhere use another method, such "
    "as "
    "ServiceAccountKeyFileCredentials; it is tried again";

}  // namespace

absl::StatusOr<std::string> MetadataAddress(const std::string& option) {
  constexpr char kAdvice[] = "write host or host:port";
  if (!option.empty()) {
    return NormalizeHostPort(option, kDefaultPort,
                             "MetadataServiceOptions::address", kAdvice);
  }
  const char* variable = std::getenv(kVariable);
  if (variable != nullptr && *variable != '\0') {
    return NormalizeHostPort(std::string(absl::StripAsciiWhitespace(variable)),
                             kDefaultPort, kVariable, kAdvice);
  }
  return absl::StrCat(kDefaultAddress, ":", kDefaultPort);
}

MetadataTokenSource::MetadataTokenSource(std::string address,
                                         std::shared_ptr<Clock> clock)
    : address_(std::move(address)), clock_(std::move(clock)) {}

absl::StatusOr<Token> MetadataTokenSource::Fetch(absl::Time deadline) {
  HttpRequest request;
  request.scheme = HttpRequest::Scheme::kHttp;
  request.url = absl::StrCat("http://", address_, kPath);
  request.headers = {"Metadata-Flavor: Google"};
  request.timeout = deadline - clock_->Now();
  request.connect_timeout = kConnectTimeout;
  request.proxy = HttpRequest::Proxy::kNone;
  const absl::StatusOr<HttpAnswer> answer = http_.Send(request);
  if (!answer.ok()) {
    const absl::Status& error = answer.status();
    return absl::Status(error.code(),
                        absl::StrCat(address_, ": ", error.message(), "; ",
                                     error.code() == absl::StatusCode::kInternal
                                         ? kCheckAddress
                                         : kCheckCloud));
  }
  // A text, with whatever status.
  if (absl::StartsWith(absl::StripAsciiWhitespace(answer->body),
                       "Token is disabled")) {
    return absl::FailedPreconditionError(absl::StrCat(
        address_,
        ": the machine's options forbid tokens; allow them with `yc compute "
        "instance update --metadata-options gce-http-token=enabled`"));
  }
  if (answer->status < 200 || answer->status > 299) return Refusal(*answer);
  return ParseTokenAnswer(*answer, clock_->Now(), address_, kCheckAddress);
}

absl::Status MetadataTokenSource::Refusal(const HttpAnswer& answer) const {
  const int status = answer.status;
  std::string what = absl::StrCat("it answered with status ", status);
  std::string advice = kCheckAddress;
  if (status == 404) {
    what = "this machine has no service account attached";
    advice =
        "attach one, such as with `yc compute instance update "
        "--service-account-name <name>`, or use another method";
  } else if (status >= 300 && status < 400) {
    absl::StrAppend(&what, ", a redirect, which is not followed");
  } else if (status == 408 || status == 429 || status >= 500) {
    advice = "it is tried again";
  }
  return WithRetryDelay(
      absl::Status(CodeOfHttpStatus(status),
                   absl::StrCat(address_, ": ", what, "; ", advice)),
      answer.retry_after);
}

std::string MetadataTokenSource::DebugString() const {
  return absl::StrCat("address=", address_);
}

}  // namespace aistudio::auth::internal
