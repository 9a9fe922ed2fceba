// Behind FakeHttpService.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_HTTP_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_HTTP_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/testing/fake_http.h"
#include "src/testing/http_server.h"
#include "src/testing/reserved_port.h"
#include "src/testing/token_store.h"

namespace aistudio::auth::testing::internal {

// Thread safety: all methods may be called from any thread.
class FakeHttpImpl {
 public:
  FakeHttpImpl(const FakeHttpImpl&) = delete;
  FakeHttpImpl& operator=(const FakeHttpImpl&) = delete;
  virtual ~FakeHttpImpl() = default;

  // As in FakeHttpService.
  void SetAnswer(FakeHttpService::Answer answer);
  void SetTokenLifetime(absl::Duration lifetime);
  void FailNext(int count, int http_status, absl::Duration retry_after,
                std::string body);
  void FailAlways(int http_status, absl::Duration retry_after,
                  std::string body);
  void Hang(bool hang);
  std::int64_t requests() const;
  std::int64_t failures() const;
  std::string last_token() const;
  std::map<std::string, std::string> last_headers() const;
  void Stop();
  absl::Status Restart();

 protected:
  // A certificate makes it an HTTPS service. `tokens` must outlive this.
  // Destructors of subclasses call Stop.
  FakeHttpImpl(std::shared_ptr<Clock> clock, TokenStore* tokens,
               std::unique_ptr<ReservedPort> port,
               std::optional<Certificate> certificate);

  // The subject that `request` gets a token for; or, with `refusal` set,
  // nothing.
  virtual std::string Judge(const ServerRequest& request,
                            std::optional<ServerAnswer>& refusal) const = 0;

  int port() const { return port_->port(); }

 private:
  ServerAnswer OnRequest(const ServerRequest& request);
  std::optional<ServerAnswer> TakeFault();
  ServerAnswer MakeAnswer(const std::string& subject,
                          const ServerRequest& request);

  const std::shared_ptr<Clock> clock_;
  TokenStore* const tokens_;
  const std::unique_ptr<ReservedPort> port_;
  const std::optional<Certificate> certificate_;

  mutable std::mutex mutex_;
  std::condition_variable released_;
  FakeHttpService::Answer answer_ = FakeHttpService::Answer::kGood;
  absl::Duration token_lifetime_ = absl::Hours(12);
  int fail_next_ = 0;
  ServerAnswer fail_next_answer_;
  ServerAnswer fail_always_answer_;
  bool hanging_ = false;
  bool stopping_ = false;
  std::int64_t requests_ = 0;
  std::int64_t failures_ = 0;
  std::string last_token_;
  std::map<std::string, std::string> last_headers_;

  // Apart from the other mutex, which the server's threads need to end.
  std::mutex server_mutex_;
  std::unique_ptr<HttpServer> server_;  // null while stopped
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_HTTP_H_
