// One HTTP request, by libcurl.

#ifndef AISTUDIO_AUTH_SRC_IO_HTTP_H_
#define AISTUDIO_AUTH_SRC_IO_HTTP_H_

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace aistudio::auth::internal {

struct HttpRequest {
  enum class Method { kGet, kPost };
  enum class Scheme { kHttp, kHttps };
  enum class Proxy { kNone, kEnvironment };

  Method method = Method::kGet;
  Scheme scheme = Scheme::kHttps;  // another one in `url` is refused
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string_view body;             // sent with kPost only
  absl::Duration timeout;            // of the whole
  absl::Duration connect_timeout = absl::Seconds(10);
  std::string ca_file;  // empty: the system's root certificates
  std::size_t max_answer = 64 * 1024;
  Proxy proxy = Proxy::kNone;
};

// Wipes its body when destroyed.
struct HttpAnswer {
  HttpAnswer() = default;
  HttpAnswer(HttpAnswer&&) = default;
  HttpAnswer& operator=(HttpAnswer&&) = delete;
  ~HttpAnswer();

  int status = 0;
  std::string content_type;                           // as it came
  absl::Duration retry_after = absl::ZeroDuration();  // zero: none was named
  std::string body;
};

// Sends requests, each on a connection of its own. Redirects are not followed:
// they are answers like any other.
//
// Performance: a TCP and perhaps a TLS handshake for each request, a few an
// hour.
// Thread safety: one thread at a time calls Send; Cancel comes from any.
// Errors: the message says what happened, and neither where nor what to do,
// which callers know better. It quotes nothing that came from the server but
// what TLS says of its certificate. DEADLINE_EXCEEDED after a timeout,
// CANCELLED after Cancel, INVALID_ARGUMENT for a request that cannot be sent,
// INTERNAL for an answer that is too long or no HTTP; else UNAVAILABLE. libcurl
// frees its buffers without wiping them.
class HttpClient {
 public:
  HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer of an HTTP server is OK here, whatever its status.
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request);

  // Makes a running Send return CANCELLED at once. Means nothing to later ones.
  void Cancel();

 private:
  class Running;

  std::mutex mutex_;
  void* running_ = nullptr;  // of type CURLM; guarded by mutex_
  bool cancelled_ = false;   // guarded by mutex_
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_HTTP_H_
