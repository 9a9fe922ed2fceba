#include "src/io/curl_error.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

std::string Show(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
}

curl_off_t TimeOf(CURL* easy, CURLINFO what) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, what, &microseconds);
  return microseconds;
}

// Whether the request was on its way: libcurl 8.22 has a pretransfer time even
// of a request that failed before that.
bool WasSent(CURL* easy) {
  long request_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
  return request_bytes != 0 && TimeOf(easy, CURLINFO_PRETRANSFER_TIME_T) != 0;
}

absl::Status TimeoutError(CURL* easy, const HttpRequest& request) {
  if (!WasSent(easy)) {
    return absl::DeadlineExceededError(
        absl::StrCat("no connection within ",
                     Show(std::min(request.connect_timeout, request.timeout))));
  }
  const bool begun = TimeOf(easy, CURLINFO_STARTTRANSFER_TIME_T) != 0;
  return absl::DeadlineExceededError(absl::StrCat(
      begun ? "the answer was not complete within " : "no answer within ",
      Show(request.timeout)));
}

}  // namespace

absl::Status CurlError(CURLcode code, CURL* easy, const HttpRequest& request,
                       const char* error_buffer) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return TimeoutError(easy, request);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      // Also what libcurl makes of a server that does not speak HTTP.
      if (WasSent(easy)) break;
      return absl::InvalidArgumentError("the URL cannot be asked");
    case CURLE_WEIRD_SERVER_REPLY:
      break;
    case CURLE_COULDNT_RESOLVE_HOST:
      return absl::UnavailableError("the host's name cannot be resolved");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return absl::UnavailableError("the proxy's name cannot be resolved");
    case CURLE_COULDNT_CONNECT: {
      long error = 0;
      curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
      if (error == 0) return absl::UnavailableError("no connection");
      return absl::UnavailableError(
          absl::ErrnoToStatus(static_cast<int>(error), "no connection")
              .message());
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return absl::UnavailableError(absl::StrCat(
          "no TLS connection: ",
          Redact(error_buffer[0] != '\0' ? error_buffer
                                         : curl_easy_strerror(code))));
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return absl::UnavailableError(
          code == CURLE_GOT_NOTHING
              ? "the connection was closed without an answer"
              : "the connection broke before the answer was complete");
    default:
      return absl::UnavailableError(curl_easy_strerror(code));
  }
  return absl::InternalError("the answer is no HTTP");
}

}  // namespace aistudio::auth::internal
