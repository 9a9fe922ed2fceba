#include "src/io/http.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "curl/curl.h"
#include "src/base/secret.h"
#include "src/io/ca_file.h"
#include "src/io/curl_error.h"

#ifndef AISTUDIO_AUTH_VERSION
#define AISTUDIO_AUTH_VERSION "dev"
#endif

namespace aistudio::auth::internal {
namespace {

// What headers may have together.
constexpr std::size_t kMaxHeaders = 64 * 1024;

// How long to sleep at most. Cancel and everything on the connection end it.
constexpr int kPollMilliseconds = 1000;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

bool InitializeCurl() {
  // Never undone: other code of the process may use libcurl for longer.
  static const bool initialized =
      curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return initialized;
}

// What libcurl's callbacks write to.
struct Exchange {
  HttpAnswer answer;
  std::size_t max_answer = 0;
  std::size_t header_bytes = 0;
  bool too_long = false;
  std::array<char, CURL_ERROR_SIZE> error = {};
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count,
                   void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t bytes = size * count;
  if (bytes > exchange.max_answer - exchange.answer.body.size()) {
    exchange.too_long = true;
    return 0;
  }
  exchange.answer.body.append(data, bytes);
  return bytes;
}

std::size_t OnHeader(char*, std::size_t size, std::size_t count,
                     void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.header_bytes += size * count;
  exchange.too_long = exchange.header_bytes > kMaxHeaders;
  return exchange.too_long ? 0 : size * count;
}

// Null if there is no memory.
Headers MakeHeaders(const HttpRequest& request) {
  // libcurl would wait a second for leave to send a body that is not short.
  Headers headers(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& header : request.headers) {
    if (headers == nullptr) break;
    if (curl_slist_append(headers.get(), header.c_str()) == nullptr) {
      headers.reset();
    }
  }
  return headers;
}

// Zero would mean "never".
long Milliseconds(absl::Duration duration) {
  return std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(
                          std::min(duration, absl::Hours(24)))));
}

// False if libcurl has no memory, or lacks a feature.
bool SetOptions(CURL* easy, const HttpRequest& request, curl_slist* headers,
                Exchange* exchange) {
  CURLcode result = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (result == CURLE_OK) result = curl_easy_setopt(easy, option, value);
  };
  const char* scheme =
      request.scheme == HttpRequest::Scheme::kHttp ? "http" : "https";
  set(CURLOPT_PROTOCOLS_STR, scheme);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_USERAGENT, "aistudio-auth-cpp/" AISTUDIO_AUTH_VERSION);
  if (request.method == HttpRequest::Method::kPost) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request.body.size()));
    // Not copied. Null would make libcurl read stdin.
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  if (request.proxy == HttpRequest::Proxy::kNone) {
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
  }
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_TIMEOUT_MS, Milliseconds(request.timeout));
  set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(request.connect_timeout));
  // An application's signals and their handlers are its own.
  set(CURLOPT_NOSIGNAL, 1L);
  // Else the end of a request would wait for a name server that does not
  // answer.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request.ca_file.empty()) {
    set(CURLOPT_CAINFO, request.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  } else if (const std::string& file = FallbackCaFile(); !file.empty()) {
    set(CURLOPT_CAINFO, file.c_str());
  }
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, exchange);
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, exchange);
  set(CURLOPT_ERRORBUFFER, exchange->error.data());
  return result == CURLE_OK;
}

}  // namespace

HttpAnswer::~HttpAnswer() { Wipe(body); }

// Makes a request known to Cancel as long as it lives.
class HttpClient::Running {
 public:
  Running(HttpClient* client, CURLM* multi) : client_(*client), multi_(multi) {
    std::lock_guard<std::mutex> lock(client_.mutex_);
    client_.running_ = multi;
    client_.cancelled_ = false;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    std::lock_guard<std::mutex> lock(client_.mutex_);
    client_.running_ = nullptr;
  }

  // Returns when the request has ended, with how it did; with
  // CURLE_ABORTED_BY_CALLBACK if it was cancelled.
  CURLcode Drive() {
    int active = 1;
    while (curl_multi_perform(multi_, &active) == CURLM_OK) {
      if (active == 0) return Result();
      if (cancelled()) return CURLE_ABORTED_BY_CALLBACK;
      if (curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr) !=
          CURLM_OK) {
        break;
      }
    }
    return CURLE_FAILED_INIT;
  }

 private:
  bool cancelled() const {
    std::lock_guard<std::mutex> lock(client_.mutex_);
    return client_.cancelled_;
  }

  CURLcode Result() const {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return CURLE_FAILED_INIT;
  }

  HttpClient& client_;
  CURLM* const multi_;
};

absl::StatusOr<HttpAnswer> HttpClient::Send(const HttpRequest& request) {
  if (request.timeout <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("no time was left to ask");
  }
  Exchange exchange;
  exchange.max_answer = request.max_answer;
  // In one piece of memory, so that wiping it leaves no copy behind.
  exchange.answer.body.reserve(request.max_answer);
  const Headers headers = MakeHeaders(request);
  const bool initialized = InitializeCurl();
  const Multi multi(initialized ? curl_multi_init() : nullptr);
  const Easy easy(initialized ? curl_easy_init() : nullptr);
  if (multi == nullptr || easy == nullptr || headers == nullptr ||
      !SetOptions(easy.get(), request, headers.get(), &exchange)) {
    return absl::InternalError("libcurl cannot be set up");
  }

  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) {
    return absl::InternalError("libcurl cannot be set up");
  }
  const CURLcode result = Running(this, multi.get()).Drive();
  curl_multi_remove_handle(multi.get(), easy.get());
  if (result == CURLE_ABORTED_BY_CALLBACK) {
    return absl::CancelledError("the request was cancelled");
  }
  if (exchange.too_long) {
    return absl::InternalError(absl::StrCat("the answer is longer than ",
                                            request.max_answer / 1024, " KiB"));
  }
  if (result != CURLE_OK) {
    return CurlError(result, easy.get(), request, exchange.error.data());
  }

  long status = 0;
  char* content_type = nullptr;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &content_type);
  curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  exchange.answer.status = static_cast<int>(status);
  if (content_type != nullptr) exchange.answer.content_type = content_type;
  exchange.answer.retry_after = absl::Seconds(retry_after);
  return std::move(exchange.answer);
}

void HttpClient::Cancel() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (running_ == nullptr) return;
  cancelled_ = true;
  curl_multi_wakeup(running_);
}

}  // namespace aistudio::auth::internal
