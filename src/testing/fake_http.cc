#include "src/testing/fake_http.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace aistudio::auth::testing {
namespace internal {
namespace {

using Answer = FakeHttpService::Answer;

constexpr char kHtml[] =
    "<!DOCTYPE html><html><title>Sign in</title><body>Sign in to the network"
    "</body></html>";
constexpr std::size_t kTooLong = 1024 * 1024;

ServerAnswer Failure(int status, absl::Duration retry_after, std::string body) {
  ServerAnswer answer;
  answer.status = status;
  if (retry_after > absl::ZeroDuration()) {
    answer.headers.emplace_back(
        "Retry-After", absl::StrCat(absl::ToInt64Seconds(retry_after)));
  }
  answer.body = std::move(body);
  return answer;
}

// The expiry as a field of the answer.
std::string ExpiryField(Answer answer, absl::Time expires_at, absl::Time now) {
  const auto left = absl::ToInt64Seconds(expires_at - now);
  switch (answer) {
    case Answer::kNoExpiry:
      return "";
    case Answer::kExpiryAsText:
      return absl::StrCat(",\"expires_in\":\"", left, "\"");
    case Answer::kExpiryAsTime:
      return absl::StrCat(
          ",\"expiry\":\"",
          absl::FormatTime(absl::RFC3339_full, expires_at, absl::UTCTimeZone()),
          "\"");
    case Answer::kExpiryNoNumber:
      return ",\"expires_in\":[1]";
    case Answer::kExpiryInThePast:
      return ",\"expires_in\":-1";
    case Answer::kExpiryFarFuture:
      return ",\"expires_in\":3155760000";
    default:
      return absl::StrCat(",\"expires_in\":", left);
  }
}

// The token as a field of the answer.
std::string TokenField(Answer answer, const std::string& token) {
  switch (answer) {
    case Answer::kNoToken:
      return "\"issued_token_type\":\"none\"";
    case Answer::kEmptyToken:
      return "\"access_token\":\"\"";
    case Answer::kTokenNoText:
      return "\"access_token\":4711";
    case Answer::kIllegalBytes:
      return absl::StrCat("\"access_token\":\"", token.substr(0, 40), "\\n",
                          token.substr(40), "\"");
    default:
      return absl::StrCat("\"access_token\":\"", token, "\"");
  }
}

}  // namespace

FakeHttpImpl::FakeHttpImpl(std::shared_ptr<Clock> clock, TokenStore* tokens,
                           std::unique_ptr<ReservedPort> port,
                           std::optional<Certificate> certificate)
    : clock_(std::move(clock)),
      tokens_(tokens),
      port_(std::move(port)),
      certificate_(std::move(certificate)) {}

void FakeHttpImpl::SetAnswer(Answer answer) {
  std::lock_guard<std::mutex> lock(mutex_);
  answer_ = answer;
}

void FakeHttpImpl::SetTokenLifetime(absl::Duration lifetime) {
  std::lock_guard<std::mutex> lock(mutex_);
  token_lifetime_ = lifetime;
}

void FakeHttpImpl::FailNext(int count, int http_status,
                            absl::Duration retry_after, std::string body) {
  std::lock_guard<std::mutex> lock(mutex_);
  fail_next_ = count;
  fail_next_answer_ = Failure(http_status, retry_after, std::move(body));
}

void FakeHttpImpl::FailAlways(int http_status, absl::Duration retry_after,
                              std::string body) {
  std::lock_guard<std::mutex> lock(mutex_);
  fail_always_answer_ = Failure(http_status, retry_after, std::move(body));
}

void FakeHttpImpl::Hang(bool hang) {
  std::lock_guard<std::mutex> lock(mutex_);
  hanging_ = hang;
  released_.notify_all();
}

std::int64_t FakeHttpImpl::requests() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

std::int64_t FakeHttpImpl::failures() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return failures_;
}

std::string FakeHttpImpl::last_token() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return last_token_;
}

std::map<std::string, std::string> FakeHttpImpl::last_headers() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return last_headers_;
}

void FakeHttpImpl::Stop() {
  std::lock_guard<std::mutex> lock(server_mutex_);
  {
    std::lock_guard<std::mutex> state_lock(mutex_);
    stopping_ = true;
    released_.notify_all();
  }
  server_.reset();
  std::lock_guard<std::mutex> state_lock(mutex_);
  stopping_ = false;
}

absl::Status FakeHttpImpl::Restart() {
  Stop();
  std::lock_guard<std::mutex> lock(server_mutex_);
  auto server = HttpServer::Start(
      port_->port(), certificate_,
      [this](const ServerRequest& request) { return OnRequest(request); });
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

ServerAnswer FakeHttpImpl::OnRequest(const ServerRequest& request) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    ++requests_;
    last_headers_ = request.headers;
    released_.wait(lock, [this] { return !hanging_ || stopping_; });
  }
  std::optional<ServerAnswer> refusal = TakeFault();
  std::string subject;
  if (!refusal.has_value()) subject = Judge(request, refusal);
  if (!refusal.has_value()) return MakeAnswer(subject, request);
  std::lock_guard<std::mutex> lock(mutex_);
  ++failures_;
  return *refusal;
}

// The fault that the next request meets, if any.
std::optional<ServerAnswer> FakeHttpImpl::TakeFault() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (fail_next_ > 0) {
    --fail_next_;
    return fail_next_answer_;
  }
  if (fail_always_answer_.status != 200) return fail_always_answer_;
  return std::nullopt;
}

ServerAnswer FakeHttpImpl::MakeAnswer(const std::string& subject,
                                      const ServerRequest& request) {
  const absl::Time now = clock_->Now();
  std::lock_guard<std::mutex> lock(mutex_);
  const TokenStore::Token token =
      tokens_->Issue(subject, now + token_lifetime_);
  last_token_ = token.text;
  ServerAnswer answer;
  std::string type = "application/json";
  answer.body = absl::StrCat(
      "{", TokenField(answer_, token.text),
      ExpiryField(answer_, token.expires_at, now), ",\"token_type\":\"",
      answer_ == Answer::kOtherTokenType ? "MAC" : "Bearer", "\"}");
  switch (answer_) {
    case Answer::kList:
      answer.body = absl::StrCat("[", answer.body, "]");
      break;
    case Answer::kNumber:
      answer.body = "4711";
      break;
    case Answer::kTruncatedJson:
      answer.body.resize(60);
      break;
    case Answer::kEmpty:
      answer.body.clear();
      break;
    case Answer::kHtml:
      answer.body = kHtml;
      type = "text/html; charset=utf-8";
      break;
    case Answer::kText:
      answer.body = "It works, " + token.text;
      type = "text/plain";
      break;
    case Answer::kNotHttp:
      answer.raw = "220 mail.example.com ESMTP\r\n";
      break;
    case Answer::kCutOff:
      answer.cut_off = 10;
      break;
    case Answer::kSlow:
      answer.pause_per_byte = absl::Seconds(1);
      break;
    case Answer::kTooLong:
      answer.body.append(kTooLong, ' ');
      break;
    case Answer::kRedirect:
      answer.status = 302;
      answer.headers.emplace_back("Location", request.target);
      break;
    default:
      break;
  }
  answer.headers.emplace_back("Content-Type", type);
  return answer;
}

}  // namespace internal

void FakeHttpService::SetAnswer(Answer answer) { impl_->SetAnswer(answer); }

void FakeHttpService::SetTokenLifetime(absl::Duration lifetime) {
  impl_->SetTokenLifetime(lifetime);
}

void FakeHttpService::FailNext(int count, int http_status,
                               absl::Duration retry_after, std::string body) {
  impl_->FailNext(count, http_status, retry_after, std::move(body));
}

void FakeHttpService::FailAlways(int http_status, absl::Duration retry_after,
                                 std::string body) {
  impl_->FailAlways(http_status, retry_after, std::move(body));
}

void FakeHttpService::Hang(bool hang) { impl_->Hang(hang); }

std::int64_t FakeHttpService::requests() const { return impl_->requests(); }

std::int64_t FakeHttpService::failures() const { return impl_->failures(); }

std::string FakeHttpService::last_token() const { return impl_->last_token(); }

std::map<std::string, std::string> FakeHttpService::last_headers() const {
  return impl_->last_headers();
}

void FakeHttpService::Stop() { impl_->Stop(); }

absl::Status FakeHttpService::Restart() { return impl_->Restart(); }

}  // namespace aistudio::auth::testing
