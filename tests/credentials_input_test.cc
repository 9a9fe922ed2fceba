// What factories say about input that cannot work.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "aistudio/auth/credentials.h"
#include "openssl/ec.h"
#include "tests/function_source.h"
#include "tests/key_testing.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;

constexpr char kSecret[] = "zQ7Kp2Vx9Lm4Tn8RsW3bYd6H";

// A factory that takes one secret.
struct TextMethod {
  std::string method;
  std::string argument;
  std::size_t longest;
  std::function<absl::Status(const std::string&)> make;
};

std::vector<TextMethod> TextMethods() {
  return {
      {"ApiKeyAuth", "api_key", 4096,
       [](const std::string& text) {
         return ApiKeyCredentials(text).status();
       }},
      {"IamTokenAuth", "iam_token", 7168,
       [](const std::string& text) {
         return IamTokenCredentials(text).status();
       }},
      {"OAuthTokenAuth", "oauth_token", 4000,
       [](const std::string& text) {
         IamOptions options;
         options.refresh.registry = ProviderRegistry::Create();
         options.endpoint = "localhost:1";
         return OAuthTokenCredentials(text, options).status();
       }},
  };
}

absl::Status MakeFromKey(const std::string& text, IamOptions options = {}) {
  options.refresh.registry = ProviderRegistry::Create();
  return ServiceAccountKeyCredentials(text, options).status();
}

std::string GoodKeyFile() {
  return internal::KeyFile(internal::Pem(internal::RsaKey()));
}

// Python SDK defect D9: illegal bytes are found deep in gRPC only.
TEST(CredentialsInputTest, TextsThatCannotBeSentAreRefused) {
  const std::string secret = kSecret;
  const std::pair<std::string, std::string> kCases[] = {
      {"", "is empty"},
      {" \t\r\n", "white space"},
      {secret + "\n" + secret, "a line break at byte 24"},
      {secret + "\r\n" + secret, "a line break at byte 24"},
      {" " + secret + "\n" + secret, "a line break at byte 25"},
      {secret + " " + secret, "white space at byte 24"},
      {secret + "\t" + secret, "white space at byte 24"},
      {"Bearer " + secret, "white space at byte 6"},
      {secret + "\x01", "a control byte at byte 24"},
      {secret + '\0' + secret, "a control byte at byte 24"},
      {secret + "\x7F", "a control byte at byte 24"},
      {secret + "\xD0\x96", "not ASCII at byte 24"},
      {"\xEF\xBB\xBF" + secret, "not ASCII at byte 0"},
  };
  for (const TextMethod& method : TextMethods()) {
    for (const auto& [text, fault] : kCases) {
      const absl::Status status = method.make(text);
      ExpectBadInput(status, method.method, secret);
      EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(": " + method.argument + ": "));
    }
  }
}

TEST(CredentialsInputTest, TextsAreAsLongAsTheirLimitAtMost) {
  for (const TextMethod& method : TextMethods()) {
    std::string text;
    while (text.size() < method.longest) text += kSecret;
    text.resize(method.longest);
    EXPECT_EQ(method.make(text + "\r\n"), absl::OkStatus());
    const absl::Status status = method.make(text + "x");
    ExpectBadInput(status, method.method, kSecret);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("more than the " + std::to_string(method.longest)));
  }
}

TEST(CredentialsInputTest, WhatIsNoKeyFileIsRefused) {
  const std::string pem = internal::Pem(internal::RsaKey());
  const std::string key_file = GoodKeyFile();
  const std::pair<std::string, std::string> kCases[] = {
      {"", "is empty"},
      {" \n", "is empty"},
      {"/etc/app/key.json", "use ServiceAccountKeyFileCredentials"},
      {"key.json", "use ServiceAccountKeyFileCredentials"},
      {pem, "a PEM block alone"},
      {std::string("AQVN") + kSecret, "use ApiKeyCredentials"},
      {std::string("t1.") + kSecret, "use IamTokenCredentials"},
      {std::string("y0_") + kSecret, "use OAuthTokenCredentials"},
      {absl::Base64Escape(key_file), "base64"},
      {kSecret, "is not a JSON object"},
      {std::string("{\"token\": \"") + kSecret + "\"}", "has no id"},
      {std::string("{\"id\": \"") + kSecret + "\"}", "service_account_id"},
      {std::string("{\"") + kSecret, "is not valid JSON"},
      {key_file.substr(0, key_file.size() / 2), "is not valid JSON"},
      {key_file + key_file, "is not valid JSON"},
      {absl::StrReplaceAll(key_file, {{"\\n", "\n"}, {"BEGIN", "\xFF"}}),
       "is not valid JSON"},
      {absl::StrReplaceAll(key_file, {{"\"private_key\"", "\"key_private\""}}),
       "has no private_key"},
      {absl::StrReplaceAll(key_file, {{"\"id\"", "\"di\""}}), "has no id"},
      {key_file + std::string(64 * 1024, ' '), "has more than 65536 bytes"},
  };
  for (const auto& [text, fault] : kCases) {
    const absl::Status status = MakeFromKey(text);
    ExpectBadInput(status, "ServiceAccountKeyAuth", kSecret);
    ExpectBadInput(status, "ServiceAccountKeyAuth", PemBody(pem));
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
  }
}

TEST(CredentialsInputTest, KeysThatCannotSignAreRefused) {
  const auto elliptic =
      internal::Generate(EVP_PKEY_EC, [](EVP_PKEY_CTX* context) {
        return EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
                   context, NID_X9_62_prime256v1) == 1;
      });
  const std::pair<std::string, std::string> kCases[] = {
      {internal::Pem(elliptic.get()), "is not an RSA key"},
      {internal::Pem(internal::GenerateRsa(1024).get()), "has 1024 bits"},
      {internal::EncryptedPem(internal::RsaKey()), "is encrypted"},
      {internal::PublicPem(internal::RsaKey()), "holds a public key"},
      {internal::Pem(internal::RsaKey()).substr(0, 800), "is cut off"},
  };
  for (const auto& [pem, fault] : kCases) {
    const absl::Status status = MakeFromKey(internal::KeyFile(pem));
    ExpectBadInput(status, "ServiceAccountKeyAuth", PemBody(pem));
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
  }
}

TEST(CredentialsInputTest, WhatIsNoVariablesNameIsRefused) {
  for (const std::string name :
       {"", " ", "A=B", "A B", "A\n", "1A", "t1.zQ7Kp2Vx9Lm4Tn8RsW3bYd6H",
        "AQVNzQ7Kp2Vx9Lm4Tn8RsW3bYd6HzQ7Kp2Vx9Lm4",
        "y0_AgAAAAzQ7Kp2Vx9Lm4Tn8RsW3bYd6H", "\xD0\x96"}) {
    ExpectBadInput(EnvIamTokenCredentials(name).status(), "EnvIamTokenAuth",
                   name);
  }
  ExpectBadInput(EnvIamTokenCredentials(std::string(200, 'A')).status(),
                 "EnvIamTokenAuth", std::string(200, 'A'));
}

// Both factories that ask IAM.
void ExpectBadIamOptions(const IamOptions& options, const std::string& field) {
  const std::pair<std::string, absl::Status> kStatuses[] = {
      {"OAuthTokenAuth", OAuthTokenCredentials(kSecret, options).status()},
      {"ServiceAccountKeyAuth", MakeFromKey(GoodKeyFile(), options)},
  };
  for (const auto& [method, status] : kStatuses) {
    ExpectBadInput(status, method, kSecret);
    EXPECT_THAT(std::string(status.message()), HasSubstr(": " + field + ": "));
  }
}

TEST(CredentialsInputTest, EndpointsAndAudiencesThatCannotWorkAreRefused) {
  for (const char* endpoint :
       {"", " ", "https://iam.api.cloud.yandex.net", "host:0", "host:99999",
        "host:port", "ho st:443", "::1", "zQ7Kp2Vx9Lm4Tn8RsW3bYd6H\n",
        "zQ7Kp2Vx9Lm4Tn8RsW3bYd6H==:443"}) {
    IamOptions options;
    options.endpoint = endpoint;
    ExpectBadIamOptions(options, "IamOptions::endpoint");
  }
  IamOptions options;
  options.jwt_audience = std::string(kSecret) + "\n";
  ExpectBadIamOptions(options, "IamOptions::jwt_audience");
}

TEST(CredentialsInputTest, DurationsThatCannotWorkAreRefusedByName) {
  const std::pair<const char*, absl::Duration RefreshOptions::*> kFields[] = {
      {"max_age", &RefreshOptions::max_age},
      {"fetch_timeout", &RefreshOptions::fetch_timeout},
      {"initial_backoff", &RefreshOptions::initial_backoff},
      {"max_backoff", &RefreshOptions::max_backoff},
  };
  for (const auto& [name, field] : kFields) {
    for (const absl::Duration value :
         {absl::ZeroDuration(), -absl::Nanoseconds(1), -absl::Hours(1),
          -absl::InfiniteDuration()}) {
      // Zero is the default of max_age.
      if (field == &RefreshOptions::max_age && value == absl::ZeroDuration()) {
        continue;
      }
      IamOptions options;
      options.refresh.*field = value;
      const std::string full_name = std::string("RefreshOptions::") + name;
      ExpectBadIamOptions(options, full_name);
      const absl::Status status =
          TokenSourceCredentials(
              MakeSource([] {
                return Token{kSecret, absl::InfiniteFuture()};
              }),
              options.refresh)
              .status();
      ExpectBadInput(status, "TokenSourceAuth", kSecret);
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(": " + full_name + ": "));
    }
  }
}

TEST(CredentialsInputTest, ANullSourceIsRefused) {
  ExpectBadInput(TokenSourceCredentials(nullptr).status(), "TokenSourceAuth",
                 "");
}

}  // namespace
}  // namespace aistudio::auth
