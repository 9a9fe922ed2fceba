// What is not gRPC: REST, and the WebSocket of the Realtime API, which takes
// the same header with its handshake (a client of yours sends it to
// wss://ai.api.cloud.yandex.net/v1/realtime). Here libcurl lists the models.
//
//   rest_header [URL]

#include <curl/curl.h>

#include <iostream>
#include <memory>
#include <string>

#include "aistudio/auth/credentials.h"

namespace auth = aistudio::auth;

int main(int argc, char** argv) {
  const auto credentials = auth::DefaultCredentials();
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  // AuthorizationHeader never blocks: wait for the first token before.
  const absl::Status ready = credentials->WaitUntilReady(absl::Seconds(10));
  // Ask for it with every request and every handshake: it is always fresh.
  const absl::StatusOr<std::string> value = credentials->AuthorizationHeader();
  if (!value.ok()) {
    std::cerr << (ready.ok() ? value.status() : ready) << "\n";
    return 1;
  }

  const std::string header = "Authorization: " + *value;
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, header.c_str()), &curl_slist_free_all);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(
      curl_easy_init(), &curl_easy_cleanup);
  curl_easy_setopt(
      curl.get(), CURLOPT_URL,
      argc > 1 ? argv[1] : "https://llm.api.cloud.yandex.net/v1/models");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  const CURLcode code = curl_easy_perform(curl.get());  // prints the answer
  if (code == CURLE_OK) return 0;
  long http_status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &http_status);
  // As RejectionInterceptor does for gRPC.
  if (http_status == 401) credentials->ReportRejected(*value);
  std::cerr << curl_easy_strerror(code) << "\n";
  return 1;
}
