#include "src/testing/fake_token_exchange.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aistudio/auth/testing/fake_token_exchange.h"

namespace aistudio::auth::testing {
namespace internal {
namespace {

// What a platform that issues OIDC tokens might issue; nobody checks its
// signature.
std::string MakeSubjectToken() {
  return absl::StrCat(
      absl::WebSafeBase64Escape("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"), ".",
      absl::WebSafeBase64Escape(
          "{\"iss\":\"https://issuer.example.com\",\"sub\":\"job\"}"),
      ".", absl::WebSafeBase64Escape(RandomBytes(256)));
}

std::string Decode(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::string digits = text.substr(i + 1, 2);
      decoded.push_back(
          static_cast<char>(std::strtol(digits.c_str(), nullptr, 16)));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

std::map<std::string, std::string> ParseForm(const std::string& body) {
  std::map<std::string, std::string> fields;
  const std::vector<std::string> parts = absl::StrSplit(body, '&');
  for (const std::string& part : parts) {
    const std::pair<std::string, std::string> field =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    fields[Decode(field.first)] = Decode(field.second);
  }
  return fields;
}

ServerAnswer Refuse(int status, const std::string& error,
                    const std::string& description) {
  ServerAnswer answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.body =
      absl::StrCat("{\"error\":\"", error, "\",\"error_description\":\"",
                   absl::CEscape(description), "\"}");
  return answer;
}

}  // namespace

FakeTokenExchangeImpl::FakeTokenExchangeImpl(std::shared_ptr<Clock> clock,
                                             TokenStore* tokens,
                                             std::unique_ptr<ReservedPort> port,
                                             Certificate certificate,
                                             std::string service_account_id)
    : FakeHttpImpl(std::move(clock), tokens, std::move(port),
                   std::move(certificate)),
      subject_token_(MakeSubjectToken()),
      service_account_id_(std::move(service_account_id)) {
  AddSubjectToken(subject_token_, service_account_id_);
}

std::string FakeTokenExchangeImpl::url() const {
  return absl::StrCat("https://localhost:", port(), "/oauth/token");
}

void FakeTokenExchangeImpl::AddSubjectToken(std::string subject_token,
                                            std::string service_account_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  accounts_[std::move(subject_token)] = std::move(service_account_id);
}

void FakeTokenExchangeImpl::RemoveSubjectToken(
    const std::string& subject_token) {
  std::lock_guard<std::mutex> lock(mutex_);
  accounts_.erase(subject_token);
}

std::string FakeTokenExchangeImpl::Judge(
    const ServerRequest& request, std::optional<ServerAnswer>& refusal) const {
  if (request.target != "/oauth/token") {
    refusal = Refuse(404, "not_found", "No such page");
    return "";
  }
  if (request.method != "POST") {
    refusal = Refuse(405, "method_not_allowed", "POST it");
    return "";
  }
  const auto type = request.headers.find("content-type");
  if (type == request.headers.end() ||
      type->second != "application/x-www-form-urlencoded") {
    refusal = Refuse(415, "invalid_request", "Unknown content type");
    return "";
  }
  auto fields = ParseForm(request.body);
  const std::pair<const char*, const char*> kFixed[] = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
      {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
      {"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"},
  };
  for (const auto& [name, value] : kFixed) {
    if (fields[name] != value) {
      refusal = Refuse(400,
                       name == kFixed[0].first ? "unsupported_grant_type"
                                               : "invalid_request",
                       absl::StrCat(name, " is wrong"));
      return "";
    }
  }
  const std::string& subject_token = fields["subject_token"];
  std::lock_guard<std::mutex> lock(mutex_);
  const auto account = accounts_.find(subject_token);
  if (account == accounts_.end()) {
    refusal = Refuse(400, "invalid_grant",
                     absl::StrCat("The subject token is invalid or expired",
                                  quote_ ? ": " + subject_token : ""));
    return "";
  }
  if (account->second != fields["audience"]) {
    refusal = Refuse(400, "invalid_target",
                     "No federated credential of the service account fits");
    return "";
  }
  return account->second;
}

}  // namespace internal

FakeTokenExchange::FakeTokenExchange(internal::FakeTokenExchangeImpl* impl)
    : FakeHttpService(impl), exchange_(impl) {}

std::string FakeTokenExchange::url() const { return exchange_->url(); }

WorkloadIdentityOptions FakeTokenExchange::options(
    std::string subject_token_path, std::string ca_file) const {
  WorkloadIdentityOptions options;
  options.service_account_id = exchange_->service_account_id();
  options.subject_token_path = std::move(subject_token_path);
  options.token_url = url();
  options.ca_file = std::move(ca_file);
  return options;
}

std::string FakeTokenExchange::subject_token() const {
  return exchange_->subject_token();
}

void FakeTokenExchange::AddSubjectToken(std::string subject_token,
                                        std::string service_account_id) {
  exchange_->AddSubjectToken(std::move(subject_token),
                             std::move(service_account_id));
}

void FakeTokenExchange::RemoveSubjectToken(const std::string& subject_token) {
  exchange_->RemoveSubjectToken(subject_token);
}

void FakeTokenExchange::QuoteSubjectToken(bool quote) {
  exchange_->QuoteSubjectToken(quote);
}

}  // namespace aistudio::auth::testing
