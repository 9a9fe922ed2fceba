// Recognizes what a person pasted.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "aistudio/auth/credentials.h"
#include "src/base/secret.h"

namespace aistudio::auth {
namespace {

bool IsWordByte(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '-';
}

// "t1." to "t9.": a new format of IAM tokens would begin with a new number.
bool IsIamToken(absl::string_view text) {
  return text.size() > 3 && text[0] == 't' &&
         absl::ascii_isdigit(static_cast<unsigned char>(text[1])) &&
         text[2] == '.';
}

bool IsOAuthToken(absl::string_view text) {
  return text.size() > 3 && text[0] == 'y' && text[1] >= '0' &&
         text[1] <= '6' && text[2] == '_' &&
         IsWordByte(static_cast<unsigned char>(text[3]));
}

// Whether a byte that is in no token follows one: a quote, a comma, a brace.
// White space and control bytes are for the method to tell of.
bool HasForeignByte(absl::string_view token) {
  return std::any_of(token.begin(), token.end(), [](unsigned char c) {
    return absl::ascii_ispunct(c) && !absl::StrContains("._-=+/~", c);
  });
}

bool IsStaticAccessKey(absl::string_view text) {
  return text.size() == 40 && absl::StartsWith(text, "YC") &&
         std::all_of(text.begin(), text.end(), IsWordByte);
}

// What `text` plainly is, if it is of no use here; with what to do instead.
const char* KnownToBeOfNoUse(absl::string_view text) {
  if (text.empty()) {
    return "is empty; pass an API key, an IAM token, an OAuth token, or the "
           "JSON "
           "of a service account's key";
  }
  if (absl::StartsWithIgnoreCase(text, "bearer ") ||
      absl::StartsWithIgnoreCase(text, "api-key ") ||
      absl::StartsWithIgnoreCase(text, "authorization:")) {
    return "is a whole header value; pass what follows \"Bearer\" or "
           "\"Api-Key\"";
  }
  // In a key file, the PEM is inside the JSON.
  if (text.front() != '{' && absl::StrContains(text, "-----BEGIN ")) {
    return "is a PEM; pass the whole JSON file of the service account's key";
  }
  if (absl::StartsWith(text, "eyJ")) {
    return "is a JWT; it has to be exchanged for an IAM token: use "
           "WorkloadIdentityCredentials or ServiceAccountKeyCredentials";
  }
  if (absl::StartsWith(text, "c1.")) {
    return "is an IAM cookie; pass an IAM token, as `yc iam create-token` "
           "prints";
  }
  if (absl::StartsWith(text, "s1.") || absl::StartsWith(text, "rt1.")) {
    return "is a session or refresh token; pass an IAM token, as `yc iam "
           "create-token` prints";
  }
  if (IsStaticAccessKey(text) || absl::StartsWith(text, "YCAJE")) {
    return "is a static access key, which is for object storage; make an API "
           "key "
           "with `yc iam api-key create`";
  }
  if (absl::StartsWith(text, "[") || absl::StartsWith(text, "\"")) {
    return "is JSON, but no object; pass the JSON file of a service account's "
           "key";
  }
  if (absl::StartsWith(text, "/") || absl::StartsWith(text, "~/") ||
      absl::StartsWith(text, "./") || absl::EndsWith(text, ".json")) {
    return "is a path; pass what the file holds, or use "
           "ServiceAccountKeyFileCredentials";
  }
  if ((IsIamToken(text) || IsOAuthToken(text)) && HasForeignByte(text)) {
    return "is a token with something else in it; pass the token alone";
  }
  if (absl::StrContains(text, "://")) {
    return "is a URL; pass an API key, an IAM token, an OAuth token, or the "
           "JSON "
           "of a service account's key";
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<Credentials> CredentialsFromString(std::string text,
                                                  IamOptions options) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (const char* fault = KnownToBeOfNoUse(trimmed)) {
    internal::Wipe(text);
    return absl::InvalidArgumentError(
        absl::StrCat("CredentialsFromString: text: ", fault));
  }
  const bool is_key_file = trimmed.front() == '{';
  const bool is_iam_token = IsIamToken(trimmed);
  const bool is_oauth_token = IsOAuthToken(trimmed);
  if (is_key_file) {
    return ServiceAccountKeyCredentials(std::move(text), std::move(options));
  }
  if (is_iam_token) return IamTokenCredentials(std::move(text));
  if (is_oauth_token) {
    return OAuthTokenCredentials(std::move(text), std::move(options));
  }
  return ApiKeyCredentials(std::move(text));
}

}  // namespace aistudio::auth
