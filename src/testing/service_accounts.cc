#include "src/testing/service_accounts.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr char kBase64UrlAlphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

absl::Status Invalid(const std::string& fault) {
  return absl::UnauthenticatedError("The token is invalid: " + fault);
}

std::string JsonString(const std::string& text) {
  std::string json = "\"";
  for (const char letter : text) {
    if (letter == '\n') {
      json += "\\n";
    } else {
      if (letter == '"' || letter == '\\') json += '\\';
      json += letter;
    }
  }
  return json + '"';
}

std::optional<std::string> DecodeBase64Url(const std::string& text) {
  std::string bytes;
  if (text.empty() ||
      text.find_first_not_of(kBase64UrlAlphabet) != std::string::npos ||
      !absl::WebSafeBase64Unescape(text, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

// Into a Struct and not into a message of its own: that would let numbers pass
// which are written as strings, and those are no NumericDate of RFC 7519.
std::optional<google::protobuf::Struct> DecodeJson(const std::string& part) {
  const std::optional<std::string> json = DecodeBase64Url(part);
  google::protobuf::Struct object;
  if (!json.has_value() ||
      !google::protobuf::util::JsonStringToMessage(*json, &object).ok()) {
    return std::nullopt;
  }
  return object;
}

// Empty if absent or no string.
std::string Text(const google::protobuf::Struct& object,
                 const std::string& name) {
  const auto field = object.fields().find(name);
  return field == object.fields().end() ? "" : field->second.string_value();
}

std::optional<absl::Time> Date(const google::protobuf::Struct& object,
                               const std::string& name) {
  const auto field = object.fields().find(name);
  if (field == object.fields().end() || !field->second.has_number_value() ||
      !std::isfinite(field->second.number_value())) {
    return std::nullopt;
  }
  return absl::UnixEpoch() + absl::Seconds(field->second.number_value());
}

absl::Status CheckDates(const google::protobuf::Struct& claims,
                        absl::Time now) {
  const std::optional<absl::Time> issued_at = Date(claims, "iat");
  const std::optional<absl::Time> expires_at = Date(claims, "exp");
  if (!issued_at.has_value()) return Invalid("JWT iat is not a number");
  if (!expires_at.has_value()) return Invalid("JWT exp is not a number");
  if (*issued_at > now + absl::Minutes(1)) {
    return Invalid("JWT is issued in the future");
  }
  if (*expires_at <= now) return Invalid("JWT has expired");
  if (*expires_at - *issued_at > absl::Hours(1)) {
    return Invalid("JWT lives longer than an hour");
  }
  return absl::OkStatus();
}

}  // namespace

std::string MakeCloudId() {
  return "aje" + RandomText(17, "abcdefghijklmnopqrstuvwxyz0123456789");
}

std::string ServiceAccounts::AddKey(const std::string& service_account_id,
                                    const SharedKey& key,
                                    absl::Time created_at) {
  const std::string id = MakeCloudId();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    keys_[id] = {service_account_id, key};
  }
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"id", id},
      {"service_account_id", service_account_id},
      {"created_at", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E9SZ", created_at,
                                      absl::UTCTimeZone())},
      {"key_algorithm", "RSA_2048"},
      {"public_key", PublicKeyPem(key)},
      {"private_key", absl::StrCat("PLEASE DO NOT REMOVE THIS LINE! "
                                   "Yandex.Cloud SA Key ID <",
                                   id, ">\n", PrivateKeyPem(key))},
  };
  std::string json = "{";
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&json, json.size() == 1 ? "" : ",", "\n   ",
                    JsonString(name), ": ", JsonString(value));
  }
  return json + "\n}\n";
}

void ServiceAccounts::Delete(const std::string& service_account_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto key = keys_.begin(); key != keys_.end();) {
    key = key->second.service_account_id == service_account_id
              ? keys_.erase(key)
              : std::next(key);
  }
}

absl::StatusOr<std::string> ServiceAccounts::VerifyJwt(
    const std::string& jwt, const std::string& audience, absl::Time now) const {
  const std::vector<std::string> parts = absl::StrSplit(jwt, '.');
  if (parts.size() != 3) return Invalid("JWT does not have three parts");

  const auto header = DecodeJson(parts[0]);
  if (!header.has_value()) return Invalid("JWT header is malformed");
  if (Text(*header, "typ") != "JWT") return Invalid("JWT typ is not JWT");
  if (Text(*header, "alg") != "PS256") return Invalid("JWT alg is not PS256");
  const std::string key_id = Text(*header, "kid");
  const std::optional<Key> key = Find(key_id);
  if (!key.has_value()) {
    return Invalid(absl::StrCat("JWT key id ", key_id, " is unknown"));
  }

  const std::optional<std::string> signature = DecodeBase64Url(parts[2]);
  if (!signature.has_value() ||
      !IsPs256Signature(key->key, parts[0] + "." + parts[1], *signature)) {
    return Invalid("JWT signature is wrong");
  }

  const auto claims = DecodeJson(parts[1]);
  if (!claims.has_value()) return Invalid("JWT claims are malformed");
  const std::string issuer = Text(*claims, "iss");
  if (issuer != key->service_account_id) {
    return Invalid(absl::StrCat("JWT issuer is ", issuer,
                                ", which is not the owner of the key"));
  }
  const std::string named_audience = Text(*claims, "aud");
  if (named_audience != audience) {
    return Invalid(absl::StrCat("JWT audience is ", named_audience));
  }
  const absl::Status dates = CheckDates(*claims, now);
  if (!dates.ok()) return dates;
  return key->service_account_id;
}

std::optional<ServiceAccounts::Key> ServiceAccounts::Find(
    const std::string& key_id) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto key = keys_.find(key_id);
  if (key == keys_.end()) return std::nullopt;
  return key->second;
}

}  // namespace aistudio::auth::testing::internal
