// CredentialsFromString: what a person pastes, and what it is taken for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;

// 86 characters, as the signature of an IAM token has.
const std::string& Signature() {
  static const std::string signature(86, 'x');
  return signature;
}

// The method that `text` is taken for, or why it is refused.
std::string Recognize(const std::string& text) {
  IamOptions options;
  options.endpoint = "localhost:1";
  options.refresh.registry = ProviderRegistry::Create();
  const auto credentials = CredentialsFromString(text, options);
  return credentials.ok() ? credentials->stats().method
                          : std::string(credentials.status().message());
}

struct Case {
  std::string text;
  std::string expected;  // a method, or a part of the error
};

// Python SDK defect D7: white space, header values, JWTs and key
// files become API keys.
// Python SDK defect D8: what follows a token is not looked at.
TEST(CredentialsFromStringTest, RecognizesWhatPeoplePaste) {
  const std::string iam = "t1.9euelZq_ab-cd==." + Signature();
  const std::vector<Case> cases = {
      // IAM tokens, whole and with what pasting adds.
      {iam, "IamTokenAuth"},
      {" " + iam, "IamTokenAuth"},
      {iam + "\n", "IamTokenAuth"},
      {"\r\n\t" + iam + "\r\n", "IamTokenAuth"},
      {"t1.short", "IamTokenAuth"},
      {"t2.foo", "IamTokenAuth"},
      {iam + "\"", "with something else"},
      {iam + ",", "with something else"},
      {iam + "\"}", "with something else"},
      {iam + "'; rm -rf", "with something else"},
      {"y0_AgAAAAAabc;", "with something else"},
      {"t9.next-format", "IamTokenAuth"},
      {"t1.two words", "IamTokenAuth: iam_token:"},
      {"t1.two\nlines", "IamTokenAuth: iam_token:"},
      // Looks like one, but is none.
      {"t1_abcdef", "ApiKeyAuth"},
      {"tt.abcdef", "ApiKeyAuth"},
      {"t11.abcdef", "ApiKeyAuth"},
      {"T1.abcdef", "ApiKeyAuth"},
      {"t1.", "ApiKeyAuth"},
      // OAuth tokens of all kinds that Yandex issues.
      {"y0_AgAAAAAabc", "OAuthTokenAuth"},
      {"y1_AgAAAAAabc", "OAuthTokenAuth"},
      {"y2_AgAAAAAabc", "OAuthTokenAuth"},
      {"y3_ABC-_-abc123", "OAuthTokenAuth"},
      {"y4_AgAAAAAabc", "OAuthTokenAuth"},
      {"y5_AgAAAAAabc", "OAuthTokenAuth"},
      {"y6_AgAAAAAabc", "OAuthTokenAuth"},
      {"\n y3_ABC \n", "OAuthTokenAuth"},
      {"y0_-dash", "OAuthTokenAuth"},
      {"y0_two words", "OAuthTokenAuth: oauth_token:"},
      {"y7_AgAAAAAabc", "ApiKeyAuth"},
      {"y9_AgAAAAAabc", "ApiKeyAuth"},
      {"y0-AgAAAAAabc", "ApiKeyAuth"},
      {"y0_", "ApiKeyAuth"},
      {"Y0_AgAAAAAabc", "ApiKeyAuth"},
      // API keys: the known form, and whatever is left.
      {"AQVN" + std::string(36, 'k'), "ApiKeyAuth"},
      {" AQVN" + std::string(36, 'k') + "\n", "ApiKeyAuth"},
      {"str", "ApiKeyAuth"},
      {"1", "ApiKeyAuth"},
      {"CggVAgAAABoBMRKABA", "ApiKeyAuth"},
      {"a_key-with.dots", "ApiKeyAuth"},
      {"YC" + std::string(37, 'a'), "ApiKeyAuth"},
      {"YC" + std::string(39, 'a'), "ApiKeyAuth"},
      {"two words", "ApiKeyAuth: api_key:"},
      {"line\nbreak", "ApiKeyAuth: api_key:"},
      {"nul\x01byte", "ApiKeyAuth: api_key:"},
      {"\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "ApiKeyAuth: api_key:"},
      {std::string(5000, 'k'), "ApiKeyAuth: api_key:"},
      // Nothing.
      {"", "is empty"},
      {" ", "is empty"},
      {"\n", "is empty"},
      {"\t\r\n ", "is empty"},
      // Whole headers.
      {"Bearer " + iam, "header value"},
      {"bearer abc", "header value"},
      {"BEARER abc", "header value"},
      {"Api-Key abc", "header value"},
      {"api-key abc", "header value"},
      {"Authorization: Bearer abc", "header value"},
      {"authorization:Api-Key abc", "header value"},
      // Other secrets.
      {"eyJhbGciOiJQUzI1NiJ9.e30.c2ln", "JWT"},
      {" eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n", "JWT"},
      {"c1.9euelZq_ab." + Signature(), "cookie"},
      {"s1.abcdef", "session"},
      {"rt1.abcdef", "refresh token"},
      {"YC" + std::string(38, 'a'), "static access key"},
      {"YCAJEabcdefghijklmnopqrst", "static access key"},
      {"-----BEGIN PRIVATE KEY-----\nMIIE\n", "PEM"},
      {"PLEASE DO NOT REMOVE THIS LINE!\n-----BEGIN PRIVATE KEY-----", "PEM"},
      // JSON that is no key file.
      {"{", "ServiceAccountKeyAuth: service account key:"},
      {"{}", "ServiceAccountKeyAuth: service account key:"},
      {"{\"id\": \"aje\"}", "ServiceAccountKeyAuth: service account key:"},
      {" \n{\"a\": 1}", "ServiceAccountKeyAuth: service account key:"},
      {"[]", "no object"},
      {"\"AQVNkey\"", "no object"},
      // Where a secret is, instead of it.
      {"/etc/key.json", "is a path"},
      {"~/key.json", "is a path"},
      {"./key", "is a path"},
      {"key.json", "is a path"},
      {"https://iam.api.cloud.yandex.net", "is a URL"},
  };
  ASSERT_GE(cases.size(), 60u);
  for (const Case& entry : cases) {
    EXPECT_THAT(Recognize(entry.text), HasSubstr(entry.expected))
        << "for \"" << entry.text << "\"";
  }
}

TEST(CredentialsFromStringTest, AServiceAccountKeyIsRecognizedAndWorks) {
  const auto cloud = StartCloud();
  const auto credentials = CredentialsFromString(
      "\n " + cloud->service_account_key_json() + "\n", cloud->iam_options());
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_EQ(credentials->stats().method, "ServiceAccountKeyAuth");
  EXPECT_TRUE(Call(Connect(*cloud, *credentials)).ok());
}

TEST(CredentialsFromStringTest, ErrorsAreInvalidArgumentAndNeverQuoteTheText) {
  for (const std::string& text :
       {std::string("Bearer CANARY-SECRET"), std::string("eyJCANARY-SECRET"),
        std::string("c1.CANARY-SECRET"), std::string("CANARY SECRET"),
        std::string("{\"private_key\": \"CANARY-SECRET\"}")}) {
    const auto credentials = CredentialsFromString(text);
    EXPECT_EQ(credentials.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(credentials.status().message()),
                ::testing::Not(HasSubstr("CANARY")));
  }
}

}  // namespace
}  // namespace aistudio::auth
