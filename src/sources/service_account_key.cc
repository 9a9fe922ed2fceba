#include "src/sources/service_account_key.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "aistudio_auth/key_file.pb.h"
#include "google/protobuf/util/json_util.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/pem.h"
#include "src/base/secret.h"
#include "src/sources/ps256.h"

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

constexpr std::size_t kMaxJsonSize = 64 * 1024;
constexpr std::size_t kMaxIdSize = 100;
constexpr int kMinBits = 2048;
constexpr absl::Duration kClockSkew = absl::Seconds(10);
constexpr absl::Duration kJwtLifetime = absl::Hours(1);  // IAM takes no more

constexpr char kPassTheFile[] =
    "pass the content of the JSON file that `yc iam key create --output` "
    "writes";
constexpr char kNewKey[] =
    "make a new key with `yc iam key create --service-account-name <name> "
    "--output key.json`";

absl::Status Fault(absl::string_view what, absl::string_view what_to_do) {
  return absl::InvalidArgumentError(
      absl::StrCat("service account key: ", what, "; ", what_to_do));
}

// Wipes the key's text at the end of a scope, as far as it can be reached:
// protobuf's parser makes copies of its own.
class Wiper {
 public:
  Wiper(std::string* json, wire::ServiceAccountKeyFile* file)
      : json_(*json), file_(*file) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() {
    Wipe(json_);
    Wipe(*file_.mutable_private_key());
    if (file_.has_key()) Wipe(*file_.mutable_key()->mutable_private_key());
  }

 private:
  std::string& json_;
  wire::ServiceAccountKeyFile& file_;
};

// OpenSSL's errors stay with the thread. Left there they would show up as the
// cause of a later, unrelated failure of somebody else.
class ErrorQueueCleaner {
 public:
  ErrorQueueCleaner() = default;
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
  ~ErrorQueueCleaner() { ERR_clear_error(); }
};

// What people pass instead of the JSON. `text` is trimmed and no JSON object.
absl::Status ExplainOtherText(absl::string_view text) {
  if (text.empty()) return Fault("is empty", kPassTheFile);
  constexpr char kNoObject[] = "is not a JSON object";
  constexpr char kPath[] = "is the path of a file, not its content";
  constexpr char kUseFile[] = "use ServiceAccountKeyFileCredentials";
  constexpr char kDecode[] = "decode it, or pass the content of the key's file";
  const struct {
    const char* prefix;
    const char* what;
    const char* what_to_do;
  } kKinds[] = {
      {"[", kNoObject, kPassTheFile},
      {"\"", kNoObject, kPassTheFile},
      {"AQVN", "is an API key", "use ApiKeyCredentials"},
      {"t1.", "is an IAM token", "use IamTokenCredentials"},
      {"y0_", "is an OAuth token", "use OAuthTokenCredentials"},
      {"/", kPath, kUseFile},
      {".", kPath, kUseFile},
      {"~", kPath, kUseFile},
      {"ew", "is encoded in base64", kDecode},
      {"eyJ", "is encoded in base64, or a JWT", kDecode},
  };
  for (const auto& kind : kKinds) {
    if (absl::StartsWith(text, kind.prefix)) {
      return Fault(kind.what, kind.what_to_do);
    }
  }
  if (absl::StrContains(text, "-----BEGIN")) {
    return Fault("is a PEM block alone, which names no service account",
                 kPassTheFile);
  }
  if (absl::EndsWith(text, ".json")) return Fault(kPath, kUseFile);
  return Fault(kNoObject, kPassTheFile);
}

absl::Status CheckId(absl::string_view field, const std::string& id) {
  const bool valid = std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
  });
  if (valid && id.size() <= kMaxIdSize) return absl::OkStatus();
  return Fault(absl::StrCat(field, " is not an id as IAM gives it",
                            valid ? ": it is too long" : ""),
               kPassTheFile);
}

// Undoes one escaping too many, as keys in environment files have it. No PEM
// text holds a backslash, so nothing good is changed. In place, to leave no
// copy.
void UnescapeNewlines(std::string& pem) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < pem.size(); ++i) {
    char c = pem[i];
    if (c == '\\' && i + 1 < pem.size() &&
        (pem[i + 1] == 'n' || pem[i + 1] == 'r')) {
      c = pem[++i] == 'n' ? '\n' : '\r';
    }
    pem[size++] = c;
  }
  std::fill(pem.begin() + static_cast<std::ptrdiff_t>(size), pem.end(), '\0');
  pem.resize(size);
}

// OpenSSL would ask for a pass phrase on the terminal otherwise.
int RefusePassPhrase(char*, int, int, void*) { return -1; }

// Why OpenSSL found no private key in `pem`.
absl::Status ExplainPem(absl::string_view pem) {
  const auto has = [pem](const char* part) {
    return absl::StrContains(pem, part);
  };
  if (!has("-----BEGIN ")) {
    return Fault("private_key is not in PEM form", kPassTheFile);
  }
  if (has("ENCRYPTED")) {
    return Fault("private_key is encrypted",
                 "decrypt it with `openssl pkey`, or make a new key");
  }
  if (!has("PRIVATE KEY-----")) {
    return Fault(has("PUBLIC KEY-----")    ? "private_key holds a public key"
                 : has("CERTIFICATE-----") ? "private_key holds a certificate"
                                           : "private_key holds no private key",
                 kPassTheFile);
  }
  if (!has("-----END ")) return Fault("private_key is cut off", kPassTheFile);
  return Fault("private_key is damaged or of an unknown kind", kNewKey);
}

// Whether `key` is one that PS256 can be made with; a damaged one shows in that
// it cannot read its own signature.
absl::Status CheckKey(EVP_PKEY* key) {
  if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
    return Fault("private_key is not an RSA key", kNewKey);
  }
  if (EVP_PKEY_bits(key) < kMinBits) {
    return Fault(absl::StrCat("private_key has ", EVP_PKEY_bits(key),
                              " bits, less than ", kMinBits),
                 kNewKey);
  }
  const std::string probe = "probe";
  if (!VerifyPs256(key, probe, SignPs256(key, probe))) {
    return Fault("private_key is damaged", kNewKey);
  }
  return absl::OkStatus();
}

std::string JsonString(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.append({'\\', c});
    } else if (absl::ascii_iscntrl(c)) {
      absl::StrAppend(&quoted, "\\u", absl::Hex(c, absl::kZeroPad4));
    } else {
      quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServiceAccountKey>>
ServiceAccountKey::Parse(std::string& json) {
  wire::ServiceAccountKeyFile file;
  const Wiper wiper(&json, &file);
  const ErrorQueueCleaner error_queue_cleaner;
  if (json.size() > kMaxJsonSize) {
    return Fault(absl::StrCat("has more than ", kMaxJsonSize, " bytes"),
                 kPassTheFile);
  }
  // Some editors begin a file with a byte order mark; JSON must not.
  if (absl::StartsWith(json, "\xEF\xBB\xBF")) json.erase(0, 3);
  const absl::string_view trimmed = absl::StripAsciiWhitespace(json);
  if (!absl::StartsWith(trimmed, "{")) return ExplainOtherText(trimmed);

  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  // Its error text quotes the input, so it is dropped.
  if (!google::protobuf::util::JsonStringToMessage(json, &file, options).ok()) {
    return Fault("is not valid JSON, or not that of a key", kPassTheFile);
  }
  const wire::ServiceAccountKeyFile& names = file.has_key() ? file.key() : file;
  if (names.service_account_id().empty() && !names.user_account_id().empty()) {
    return Fault("belongs to a user account, not to a service account",
                 kNewKey);
  }
  const std::pair<const char*, const std::string*> kFields[] = {
      {"id", &names.id()},
      {"service_account_id", &names.service_account_id()},
      {"private_key", &file.private_key()},
  };
  for (const auto& [name, value] : kFields) {
    if (value->empty())
      return Fault(absl::StrCat("has no ", name), kPassTheFile);
  }
  for (const auto& [name, value] : {kFields[0], kFields[1]}) {
    if (absl::Status valid = CheckId(name, *value); !valid.ok()) return valid;
  }

  std::string& pem = *file.mutable_private_key();
  UnescapeNewlines(pem);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  // Skips what is before the block, "PLEASE DO NOT REMOVE THIS LINE! ...".
  PrivateKey private_key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, &RefusePassPhrase, nullptr));
  if (private_key == nullptr) return ExplainPem(pem);
  if (absl::Status usable = CheckKey(private_key.get()); !usable.ok()) {
    return usable;
  }
  return std::shared_ptr<const ServiceAccountKey>(new ServiceAccountKey(
      names.id(), names.service_account_id(), std::move(private_key)));
}

ServiceAccountKey::ServiceAccountKey(std::string key_id,
                                     std::string service_account_id,
                                     PrivateKey private_key)
    : key_id_(std::move(key_id)),
      service_account_id_(std::move(service_account_id)),
      private_key_(std::move(private_key)) {}

absl::StatusOr<std::string> ServiceAccountKey::SignJwt(
    const std::string& audience, absl::Time now) const {
  const ErrorQueueCleaner error_queue_cleaner;
  const std::int64_t issued_at = absl::ToUnixSeconds(now - kClockSkew);
  // By hand: protobuf's JSON mapping writes 64-bit integers as strings, and IAM
  // wants numbers.
  const std::string header = absl::StrCat(
      "{\"typ\":\"JWT\",\"alg\":\"PS256\",\"kid\":", JsonString(key_id_), "}");
  const std::string claims = absl::StrCat(
      "{\"iss\":", JsonString(service_account_id_),
      ",\"aud\":", JsonString(audience), ",\"iat\":", issued_at,
      ",\"exp\":", issued_at + absl::ToInt64Seconds(kJwtLifetime), "}");
  // RFC 7515: without padding, which is how Abseil writes it.
  const std::string signed_part =
      absl::StrCat(absl::WebSafeBase64Escape(header), ".",
                   absl::WebSafeBase64Escape(claims));
  const std::string signature = SignPs256(private_key_.get(), signed_part);
  if (signature.empty()) {
    return absl::InternalError(
        absl::StrCat("service account key: OpenSSL cannot sign with key ",
                     key_id_, "; check the OpenSSL of this process"));
  }
  return absl::StrCat(signed_part, ".", absl::WebSafeBase64Escape(signature));
}

}  // namespace aistudio::auth::internal
