#include "src/base/text.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "openssl/evp.h"
#include "openssl/hmac.h"
#include "openssl/rand.h"

namespace aistudio::auth::internal {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr std::string_view kPemBegin = "-----BEGIN";
constexpr std::size_t kMaxMessageSize = 512;

bool IsSpace(char c) { return absl::ascii_isspace(c); }
bool IsAlnum(char c) { return absl::ascii_isalnum(c); }
bool IsOneOf(char c, std::string_view chars) {
  return chars.find(c) != std::string_view::npos;
}

// What tokens of all kinds and base64 of both alphabets are made of; '%'
// because they also travel in URLs.
bool IsTokenChar(char c) { return IsAlnum(c) || IsOneOf(c, "_+/=.-%~"); }

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool StartsWithWord(std::string_view text, std::string_view lower_case_word) {
  return text.size() >= lower_case_word.size() &&
         std::equal(lower_case_word.begin(), lower_case_word.end(),
                    text.begin(), [](char expected, char given) {
                      return expected == absl::ascii_tolower(given);
                    });
}

// The length of the run of token characters at the start of `text`. It ends
// where a PEM block begins, whose first dashes would else belong to it.
std::size_t TokenLength(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), &IsTokenChar);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return std::min(length, text.substr(0, length).find(kPemBegin));
}

struct CharacterClasses {
  bool digit = false;
  bool lower = false;
  bool upper = false;
};

CharacterClasses ClassesOf(std::string_view text) {
  CharacterClasses classes;
  for (const char c : text) {
    classes.digit = classes.digit || absl::ascii_isdigit(c);
    classes.lower = classes.lower || absl::ascii_islower(c);
    classes.upper = classes.upper || absl::ascii_isupper(c);
  }
  return classes;
}

// Tells random strings from long names. A method path such as
// "/yandex.cloud.iam.v1.IamTokenService/Create" has digits and both cases too,
// but not within one part of it; random strings do.
bool LooksRandom(std::string_view run) {
  constexpr std::size_t kMinSize = 40;
  if (run.size() < kMinSize) return false;
  const CharacterClasses all = ClassesOf(run);
  if (!all.digit || !all.lower || !all.upper) return false;
  while (!run.empty()) {
    const std::size_t end = std::min(run.find_first_of("./"), run.size());
    const CharacterClasses part = ClassesOf(run.substr(0, end));
    if (part.digit && part.upper) return true;
    run.remove_prefix(std::min(end + 1, run.size()));
  }
  return false;
}

// The length of the PEM block at the start of `text`; 0 if there is none.
// Without an end it reaches to the end of the text.
std::size_t PemLength(std::string_view text) {
  if (!StartsWith(text, kPemBegin)) return 0;
  constexpr std::string_view kEnd = "-----END";
  std::size_t end = text.find(kEnd);
  if (end == std::string_view::npos) return text.size();
  end = text.find("-----", end + kEnd.size());
  return end == std::string_view::npos ? text.size() : end + 5;
}

// The length of the token with a known prefix at the start of `text`, or 0.
std::size_t KnownTokenLength(std::string_view text) {
  const std::size_t length = TokenLength(text);
  for (const std::string_view prefix : {"t1.", "s1.", "c1.", "rt1."}) {
    // Shorter ones are words: "c1.xl".
    if (StartsWith(text, prefix) && length >= prefix.size() + 6) return length;
  }
  if (StartsWith(text, "AQVN") && length >= 12) return length;
  if (StartsWith(text, "eyJ") && length >= 12) return length;
  if (length >= 23 && text[0] == 'y' && text[1] >= '0' && text[1] <= '6' &&
      text[2] == '_') {
    return length;
  }
  // A variable's name in capitals is no static key.
  if (StartsWith(text, "YC") && length >= 38 &&
      ClassesOf(text.substr(0, length)).lower) {
    return length;
  }
  return 0;
}

// An authorization header in `text`: where its value begins and ends, if it
// starts with the name of a scheme.
struct Extent {
  std::size_t begin;
  std::size_t end;
};
std::optional<Extent> HeaderValue(std::string_view text) {
  for (const std::string_view scheme : {"bearer", "api-key"}) {
    if (!StartsWithWord(text, scheme)) continue;
    std::size_t begin = scheme.size();
    while (begin < text.size()) {
      if (IsSpace(text[begin]) || IsOneOf(text[begin], ":=\"'")) {
        begin += 1;
      } else if (StartsWith(text.substr(begin), "%20")) {
        begin += 3;
      } else {
        break;
      }
    }
    const std::string_view value = text.substr(begin);
    const auto end = std::find_if(value.begin(), value.end(), [](char c) {
      return IsSpace(c) || IsOneOf(c, "\"'");
    });
    const std::size_t length = std::max(
        PemLength(value), static_cast<std::size_t>(end - value.begin()));
    if (begin == scheme.size() || length == 0) return std::nullopt;
    return Extent{begin, begin + length};
  }
  return std::nullopt;
}

// `message` with "[redacted]" for what looks like a secret, up to somewhat more
// than `max_size` bytes. What is beyond the cut is looked at only as part of a
// secret before it.
std::string Blot(std::string_view message, std::size_t max_size) {
  std::string result;
  char before = ' ';  // of what comes next; a blank after a secret
  while (!message.empty() && result.size() <= max_size) {
    std::size_t secret = PemLength(message);
    if (secret == 0 && !IsTokenChar(before)) {
      const std::size_t run = TokenLength(message);
      if (LooksRandom(message.substr(0, run))) secret = run;
    }
    if (secret == 0 && !IsAlnum(before)) {
      if (const auto value = HeaderValue(message)) {
        result.append(message.substr(0, value->begin));
        secret = value->end;
      } else {
        secret = KnownTokenLength(message);
      }
    }
    if (secret > 0) {
      result.append(kRedacted);
      message.remove_prefix(secret);
      before = ' ';
    } else {
      before = message.front();
      result.push_back(before);
      message.remove_prefix(1);
    }
  }
  return result;
}

using DigestKey = std::array<unsigned char, 32>;

const DigestKey& ProcessKey() {
  static const DigestKey* key = [] {
    auto* fresh = new DigestKey{};
    // Should this fail, digests are no longer secret-keyed, yet still digests.
    RAND_bytes(fresh->data(), static_cast<int>(fresh->size()));
    return fresh;
  }();
  return *key;
}

}  // namespace

absl::Status CheckSecretText(std::string& text, std::size_t max_size,
                             const char* what) {
  const auto fault = [what](const auto&... words) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", words...));
  };
  if (text.empty()) return fault("is empty; pass the secret itself");
  const auto first = std::find_if_not(text.begin(), text.end(), &IsSpace);
  if (first == text.end()) {
    return fault("holds nothing but white space; pass the secret itself");
  }
  const auto offset = static_cast<std::size_t>(first - text.begin());
  text.erase(text.begin(), first);
  while (IsSpace(text.back())) text.pop_back();

  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (absl::ascii_isgraph(c)) continue;
    const char* kind = "a control byte";
    if (c == '\n' || c == '\r') {
      kind = "a line break";
    } else if (IsSpace(c)) {
      kind = "white space";
    } else if (!absl::ascii_isascii(c)) {
      kind = "a byte that is not ASCII";
    }
    return fault("holds ", kind, " at byte ", offset + i,
                 "; pass the secret alone, on one line");
  }
  if (text.size() > max_size) {
    return fault("has ", text.size(), " bytes, more than the ", max_size,
                 " such a secret can have; pass the secret alone");
  }
  return absl::OkStatus();
}

std::string Redact(std::string_view message) {
  std::string result = Blot(message, kMaxMessageSize);
  for (char& c : result) {
    if (!absl::ascii_isprint(c)) c = ' ';
  }
  if (result.size() > kMaxMessageSize) {
    result.replace(kMaxMessageSize - 3, std::string::npos, "...");
  }
  return result;
}

std::string HideSecrets(std::string_view text) {
  return Blot(text, std::string_view::npos);
}

std::string Digest(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const DigestKey& key = ProcessKey();
  const bool done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                         reinterpret_cast<const unsigned char*>(bytes.data()),
                         bytes.size(), digest.data(), &size) != nullptr;
  if (!done) {
    // Two secrets must never count as equal for want of a digest.
    static std::atomic<std::uint64_t> count{0};
    return absl::StrCat("none-", ++count);
  }
  return absl::BytesToHexString(
      std::string(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace aistudio::auth::internal
