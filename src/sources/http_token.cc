#include "src/sources/http_token.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "src/base/secret.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

using google::protobuf::Value;

// IAM tokens live no longer. A later expiry is a fault, by which a token would
// be used for long after it died.
constexpr double kMaxLifetimeSeconds = 12 * 3600;

// Where no expiry was named.
constexpr absl::Duration kDefaultLifetime = absl::Hours(1);

const char* KindOf(const Value& json) {
  switch (json.kind_case()) {
    case Value::kNumberValue:
      return "a number";
    case Value::kStringValue:
      return "a string";
    case Value::kBoolValue:
      return "true or false";
    case Value::kStructValue:
      return "an object";
    case Value::kListValue:
      return "a list";
    default:
      return "null";
  }
}

// What an answer is that is no JSON.
const char* KindOfText(const std::string& text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (trimmed.empty()) return "the answer is empty";
  if (trimmed[0] == '<') return "the answer is HTML or XML, not JSON";
  if (trimmed[0] == '{' || trimmed[0] == '[') {
    return "the answer is JSON that is cut off or damaged";
  }
  return "the answer is text that is not JSON";
}

void WipeStrings(Value& json) {
  if (json.kind_case() == Value::kStringValue) {
    Wipe(*json.mutable_string_value());
  } else if (json.kind_case() == Value::kStructValue) {
    for (auto& field : *json.mutable_struct_value()->mutable_fields()) {
      WipeStrings(field.second);
    }
  } else if (json.kind_case() == Value::kListValue) {
    for (Value& value : *json.mutable_list_value()->mutable_values()) {
      WipeStrings(value);
    }
  }
}

// When the token of `answer` dies, or what is wrong with that.
absl::Status ReadExpiry(const Value& answer, absl::Time now,
                        absl::Time* expires_at) {
  const auto fault = [](const char* what) { return absl::InternalError(what); };
  const absl::Time latest = now + absl::Seconds(kMaxLifetimeSeconds);
  *expires_at = now + kDefaultLifetime;
  if (const Value* expires_in = FindField(answer, "expires_in")) {
    double seconds = expires_in->number_value();
    const bool is_number =
        expires_in->kind_case() == Value::kNumberValue ||
        (expires_in->kind_case() == Value::kStringValue &&
         absl::SimpleAtod(expires_in->string_value(), &seconds));
    if (!is_number || std::isnan(seconds)) {
      return fault("expires_in of the answer is no number of seconds");
    }
    *expires_at =
        now + absl::Seconds(std::clamp(seconds, -1.0, kMaxLifetimeSeconds));
  } else if (const Value* expiry = FindField(answer, "expiry")) {
    std::string ignored;
    if (expiry->kind_case() != Value::kStringValue ||
        !absl::ParseTime(absl::RFC3339_full, expiry->string_value(), expires_at,
                         &ignored)) {
      return fault("expiry of the answer is no time of RFC 3339");
    }
    *expires_at = std::min(*expires_at, latest);
  }
  if (*expires_at <= now) {
    return fault("the token in the answer has expired already");
  }
  return absl::OkStatus();
}

}  // namespace

JsonWiper::~JsonWiper() { WipeStrings(json_); }

bool ParseJson(const std::string& text, Value* json) {
  // The parser takes nothing for an empty document. Its error text quotes the
  // input, so it is dropped.
  return !absl::StripAsciiWhitespace(text).empty() &&
         google::protobuf::util::JsonStringToMessage(text, json).ok();
}

const Value* FindField(const Value& json, const char* name) {
  const auto& fields = json.struct_value().fields();
  const auto field = fields.find(name);
  if (field == fields.end() || field->second.kind_case() == Value::kNullValue) {
    return nullptr;
  }
  return &field->second;
}

std::string DescribeAnswer(const HttpAnswer& answer) {
  const std::string type = answer.content_type.substr(
      0, std::min<std::size_t>(answer.content_type.find(';'), 80));
  return absl::StrCat("(", type.empty() ? "of no content type" : Redact(type),
                      ", ", answer.body.size(), " bytes)");
}

absl::StatusCode CodeOfHttpStatus(int status) {
  switch (status) {
    case 400:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
      return absl::StatusCode::kDeadlineExceeded;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      if (status >= 500) return absl::StatusCode::kUnavailable;
      return status >= 400 ? absl::StatusCode::kFailedPrecondition
                           : absl::StatusCode::kInternal;
  }
}

absl::StatusOr<Token> ParseTokenAnswer(const HttpAnswer& answer, absl::Time now,
                                       const std::string& where,
                                       const char* advice) {
  const auto fault = [&](const auto&... what) {
    return absl::InternalError(absl::StrCat(
        where, ": ", what..., " ", DescribeAnswer(answer), "; ", advice));
  };
  Value json;
  const JsonWiper wiper(&json);
  if (!ParseJson(answer.body, &json)) return fault(KindOfText(answer.body));
  if (json.kind_case() != Value::kStructValue) {
    return fault("the answer is ", KindOf(json), ", not an object");
  }
  const Value* access_token = FindField(json, "access_token");
  if (access_token == nullptr) return fault("the answer has no access_token");
  if (access_token->kind_case() != Value::kStringValue) {
    return fault("access_token of the answer is ", KindOf(*access_token),
                 ", not a string");
  }
  if (access_token->string_value().empty()) {
    return fault("access_token of the answer is empty");
  }
  const Value* token_type = FindField(json, "token_type");
  if (token_type != nullptr &&
      !absl::EqualsIgnoreCase(token_type->string_value(), "bearer")) {
    return fault("token_type of the answer is not Bearer");
  }
  Token token;
  if (absl::Status expiry = ReadExpiry(json, now, &token.expires_at);
      !expiry.ok()) {
    return fault(expiry.message());
  }
  token.value = access_token->string_value();
  return token;
}

}  // namespace aistudio::auth::internal
