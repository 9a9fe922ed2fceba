// What libcurl's errors mean.

#ifndef AISTUDIO_AUTH_SRC_IO_CURL_ERROR_H_
#define AISTUDIO_AUTH_SRC_IO_CURL_ERROR_H_

#include "absl/status/status.h"
#include "curl/curl.h"
#include "src/io/http.h"

namespace aistudio::auth::internal {

// The error of a request that ended with `code`, as HttpClient::Send returns
// it. libcurl's words for a code are fixed texts; those in its error buffer may
// quote the server, so they are shown only where they are about TLS.
absl::Status CurlError(CURLcode code, CURL* easy, const HttpRequest& request,
                       const char* error_buffer);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_CURL_ERROR_H_
