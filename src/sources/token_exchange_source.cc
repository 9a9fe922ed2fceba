#include "src/sources/token_exchange_source.h"

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/io/secret_file.h"
#include "src/sources/http_token.h"

namespace aistudio::auth::internal {
namespace {

using google::protobuf::Value;

constexpr std::size_t kLongestSubjectToken = 16 * 1024;
constexpr char kFile[] = "subject token file";
constexpr char kCheckFile[] =
    "check WorkloadIdentityOptions::subject_token_path and what writes the "
    "file";
constexpr char kCheckUrl[] =
    "check that WorkloadIdentityOptions::token_url is the token exchange of "
    "Yandex "
    "Cloud";
constexpr char kCheckFederation[] =
    "check that the subject token has not expired, that the federation has its "
    "issuer and audience, and that the service account has a federated "
    "credential "
    "for its subject";

// Wipes a string at the end of a scope.
class Wiper {
 public:
  explicit Wiper(std::string* text) : text_(*text) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() { Wipe(text_); }

 private:
  std::string& text_;
};

// Adds "name=value" to a body of the type application/x-www-form-urlencoded.
void AddField(std::string& body, std::string_view name,
              std::string_view value) {
  constexpr char kHex[] = "0123456789ABCDEF";
  if (!body.empty()) body.push_back('&');
  body.append(name);
  body.push_back('=');
  for (const char c : value) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ||
        c == '*') {
      body.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      body.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

// Whether `text` repeats a part of `secret` that is worth knowing.
bool Quotes(std::string_view text, std::string_view secret) {
  constexpr std::size_t kPart = 8;
  for (std::size_t i = 0; i + kPart <= text.size(); ++i) {
    if (secret.find(text.substr(i, kPart)) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// RFC 6749, section 5.2, and RFC 8693, section 2.2.2.
absl::StatusCode CodeOfError(const std::string& error, int status) {
  if (status == 408 || status == 429 || status >= 500) {
    return CodeOfHttpStatus(status);
  }
  for (const char* refused : {"invalid_grant", "invalid_client",
                              "unauthorized_client", "invalid_target"}) {
    if (error == refused) return absl::StatusCode::kUnauthenticated;
  }
  if (error == "access_denied") return absl::StatusCode::kPermissionDenied;
  if (error == "temporarily_unavailable" || error == "server_error") {
    return absl::StatusCode::kUnavailable;
  }
  // The RFCs have 400 for whatever else is wrong.
  return status < 400 ? absl::StatusCode::kInvalidArgument
                      : CodeOfHttpStatus(status);
}

const char* WhatToDo(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kCheckFederation;
    case absl::StatusCode::kInvalidArgument:
      return "check WorkloadIdentityOptions::service_account_id and the "
             "subject "
             "token";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return "it is tried again";
    default:
      return kCheckUrl;
  }
}

}  // namespace

TokenExchangeSource::TokenExchangeSource(Settings settings,
                                         std::shared_ptr<Clock> clock)
    : settings_(std::move(settings)), clock_(std::move(clock)) {}

absl::Status TokenExchangeSource::ReadSubjectToken(std::string& token) const {
  if (absl::Status read =
          ReadSecretFile(settings_.subject_token_path, kLongestSubjectToken,
                         kFile, kCheckFile, token);
      !read.ok()) {
    return read;
  }
  const std::string what =
      absl::StrCat(kFile, " ", Redact(settings_.subject_token_path));
  const absl::Status text =
      CheckSecretText(token, kLongestSubjectToken, what.c_str());
  if (text.ok()) return text;
  // Its advice is for secrets that are passed as such.
  return absl::InvalidArgumentError(absl::StrCat(
      text.message().substr(0, text.message().rfind(';')), "; ", kCheckFile));
}

absl::StatusOr<HttpAnswer> TokenExchangeSource::Ask(
    std::string_view subject_token, absl::Duration timeout) {
  std::string body;
  const Wiper wiper(&body);
  // In one piece of memory, so that wiping it leaves no copy behind.
  body.reserve(3 * subject_token.size() + 1024);
  AddField(body, "grant_type",
           "urn:ietf:params:oauth:grant-type:token-exchange");
  AddField(body, "requested_token_type",
           "urn:ietf:params:oauth:token-type:access_token");
  AddField(body, "audience", settings_.service_account_id);
  AddField(body, "subject_token", subject_token);
  AddField(body, "subject_token_type",
           "urn:ietf:params:oauth:token-type:id_token");

  HttpRequest request;
  request.method = HttpRequest::Method::kPost;
  request.scheme = HttpRequest::Scheme::kHttps;
  request.url = settings_.token_url;
  request.headers = {"Content-Type: application/x-www-form-urlencoded",
                     "Accept: application/json"};
  request.body = body;
  request.timeout = timeout;
  request.ca_file = settings_.ca_file;
  request.proxy = HttpRequest::Proxy::kEnvironment;
  return http_.Send(request);
}

absl::StatusOr<Token> TokenExchangeSource::Fetch(absl::Time deadline) {
  std::string subject_token;
  const Wiper wiper(&subject_token);
  if (absl::Status read = ReadSubjectToken(subject_token); !read.ok()) {
    return read;
  }
  const absl::StatusOr<HttpAnswer> answer =
      Ask(subject_token, deadline - clock_->Now());
  if (!answer.ok()) {
    const absl::Status& error = answer.status();
    const char* advice =
        error.code() == absl::StatusCode::kInternal ? kCheckUrl
        : absl::StrContains(error.message(), "TLS")
            ? "check WorkloadIdentityOptions::ca_file and what answers at "
              "WorkloadIdentityOptions::token_url; it is tried again"
            : "check the network, the proxy and "
              "WorkloadIdentityOptions::token_url; it is tried again";
    return absl::Status(
        error.code(),
        absl::StrCat(settings_.shown_url, ": ", error.message(), "; ", advice));
  }
  if (answer->status < 200 || answer->status > 299) {
    return Refusal(*answer, subject_token);
  }
  return ParseTokenAnswer(*answer, clock_->Now(), settings_.shown_url,
                          kCheckUrl);
}

absl::Status TokenExchangeSource::Refusal(
    const HttpAnswer& answer, std::string_view subject_token) const {
  Value json;
  const JsonWiper wiper(&json);
  const Value* error = nullptr;
  const Value* description = nullptr;
  if (ParseJson(answer.body, &json)) {
    error = FindField(json, "error");
    description = FindField(json, "error_description");
  }
  const auto show = [&](const Value& text) {
    const std::string& words = text.string_value();
    return Quotes(words, subject_token) ? "[redacted]" : Redact(words);
  };
  std::string what = absl::StrCat("it answered with status ", answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    absl::StrAppend(&what, ", a redirect, which is not followed");
  } else if (error != nullptr && !error->string_value().empty()) {
    absl::StrAppend(&what, ", ", show(*error));
    if (description != nullptr && !description->string_value().empty()) {
      absl::StrAppend(&what, ": ", show(*description));
    }
  } else {
    absl::StrAppend(&what, " ", DescribeAnswer(answer));
  }
  const absl::StatusCode code =
      error == nullptr ? CodeOfHttpStatus(answer.status)
                       : CodeOfError(error->string_value(), answer.status);
  return WithRetryDelay(
      absl::Status(code, absl::StrCat(settings_.shown_url, ": ", what, "; ",
                                      WhatToDo(code))),
      answer.retry_after);
}

std::string TokenExchangeSource::DebugString() const {
  return absl::StrCat("service_account=", settings_.service_account_id,
                      ", subject_token=", Redact(settings_.subject_token_path),
                      ", url=", settings_.shown_url);
}

}  // namespace aistudio::auth::internal
