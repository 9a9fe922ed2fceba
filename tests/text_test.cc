#include "src/base/text.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Repeat(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(CheckSecretTextTest, TrimsAndAccepts) {
  for (const char* given :
       {"secret", " secret", "secret\n", "\t secret \r\n", "\v\fsecret"}) {
    std::string text = given;
    EXPECT_TRUE(CheckSecretText(text, 6, "api_key").ok()) << given;
    EXPECT_EQ(text, "secret");
  }
  std::string all;
  for (char c = '!'; c <= '~'; ++c) all += c;
  const std::string before = all;
  EXPECT_TRUE(CheckSecretText(all, all.size(), "api_key").ok());
  EXPECT_EQ(all, before);
}

TEST(CheckSecretTextTest, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string text;
    std::string message;
  } kCases[] = {
      {"", "api_key: is empty; pass the secret itself"},
      {" \n\t",
       "api_key: holds nothing but white space; pass the secret itself"},
      {"sec\nret",
       "api_key: holds a line break at byte 3; pass the secret alone, on one "
       "line"},
      {"sec\rret",
       "api_key: holds a line break at byte 3; pass the secret alone, on one "
       "line"},
      {"  sec\nret ",
       "api_key: holds a line break at byte 5; pass the secret alone, on one "
       "line"},
      {"sec ret",
       "api_key: holds white space at byte 3; pass the secret alone, on one "
       "line"},
      {std::string("se\0ret", 6),
       "api_key: holds a control byte at byte 2; pass the secret alone, on one "
       "line"},
      {"secre\x7f",
       "api_key: holds a control byte at byte 5; pass the secret alone, on one "
       "line"},
      {"\xEF\xBB\xBFsecret",
       "api_key: holds a byte that is not ASCII at byte 0; pass the secret "
       "alone, on one line"},
      {"0123456789a",
       "api_key: has 11 bytes, more than the 10 such a secret can have; pass "
       "the secret alone"},
  };
  for (const auto& test : kCases) {
    std::string text = test.text;
    const absl::Status status = CheckSecretText(text, 10, "api_key");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()), test.message);
  }
}

// Whatever is around it, no piece of a secret is left.
TEST(RedactTest, BlotsOutSecrets) {
  const std::string long_part = "9euelZqOyM2Tl5_Hx8qVk5CRi-3rnpWalZ";
  const std::string secrets[] = {
      "t1." + long_part + "." + Repeat("Ab3_-x", 15),
      "t1." + long_part + "==." + Repeat("Ab3_-x", 15) + "==",
      "t1.9euelZ",
      "rt1." + long_part,
      "s1." + long_part,
      "c1." + long_part,
      "y0_AgAAAABkQW5Zabcdefgh",
      "y6__" + Repeat("x-_9Z", 11),
      "AQVN" + Repeat("abC1_", 7) + "-",
      "eyJ0eXAiOiJKV1QiLCJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJhamUifQ.AAbb__",
      "YC" + Repeat("aB3_-", 7) + "xyz",
      "CggVAgAAABoBMRKABKZQ3b2VqWjK6xY7Rr0dE5nGmM8kQvWl",
      "QkFTRTY0/zR0+YXJlIGEgbG90IG9mIGJ5dGVz/IGluIG9uZSBsaW5l==",
      "-----BEGIN PRIVATE KEY-----\nMIIabc\nMIIdef\n-----END PRIVATE KEY-----",
      "-----BEGIN RSA PRIVATE KEY-----\\nMIIabc\\nMII",
      "-----BEGIN PRIVATE KEY-----",
  };
  const std::string_view kAround[][2] = {
      {"", ""},
      {"the token ", " is invalid"},
      {"token=", "&x=1"},
      {"{\"iam_token\":\"", "\"}"},
      {"(", ")"},
      {"a\n", "\nb"},
      {"x=y/", ""},
      {"\xD0\xB0", "\xD0\xB0"},
      {"Bearer ", " was refused"},
      {"authorization: api-key ", "\r\n"},
  };
  for (const std::string& secret : secrets) {
    for (const auto& around : kAround) {
      const std::string text =
          std::string(around[0]) + secret + std::string(around[1]);
      const std::string redacted = Redact(text);
      EXPECT_THAT(redacted, HasSubstr("[redacted]")) << text;
      constexpr std::size_t kPiece = 6;
      for (std::size_t i = 0; i + kPiece <= secret.size(); ++i) {
        ASSERT_THAT(redacted, Not(HasSubstr(secret.substr(i, kPiece)))) << text;
      }
      EXPECT_EQ(Redact(redacted), redacted);
    }
  }
}

TEST(RedactTest, BlotsOutHeaderValuesWhateverTheyAre) {
  const struct {
    std::string text;
    std::string redacted;
  } kCases[] = {
      {"Bearer abc.", "Bearer [redacted]"},
      {"bearer: \"abc\" and", "bearer: \"[redacted]\" and"},
      {"authorization=Bearer%20abc x", "authorization=Bearer%20[redacted] x"},
      {"Api-Key  abc,def ghi", "Api-Key  [redacted] ghi"},
      {"API-KEY\nabc", "API-KEY [redacted]"},
      {"no bearer", "no bearer"},
      {"bearer ", "bearer "},
      {"forbearer abc", "forbearer abc"},
      {"Bearer -----BEGIN KEY-----\nMII\n-----END KEY-----!",
       "Bearer [redacted]!"},
      {"Bearer [redacted] x", "Bearer [redacted] x"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Redact(test.text), test.redacted);
}

TEST(RedactTest, FindsSecretsThatTouchEachOther) {
  const std::string random = Repeat("aB3_x", 10);
  EXPECT_EQ(
      Redact(random + "-----BEGIN KEY-----\nMII\n-----END KEY-----" + random),
      "[redacted][redacted][redacted]");
  EXPECT_EQ(Redact("t1.abcdefgh t1.ijklmnop"), "[redacted] [redacted]");
}

TEST(RedactTest, LeavesTheRest) {
  for (const char* text : {
           "",
           "The token is invalid",
           "IAM token or API key has to be passed in request",
           "OAuth token is invalid or expired",
           "Validation failed: - identity: One of the options must be selected",
           "failed to connect to all addresses; last error: UNKNOWN: "
           "ipv4:127.0.0.1:50051: Failed to connect to remote host",
           "iam.api.cloud.yandex.net:443",
           "service account ajeb9l33h6mu1f5ck92v not found",
           "/yandex.cloud.iam.v1.IamTokenService/Create",
           "https://iam.api.cloud.yandex.net/iam/v1/tokens",
           "http://169.254.169.254/computeMetadata/v1/instance/service-accounts"
           "/default/token",
           "type.googleapis.com/google.rpc.RequestInfo",
           "request id 123e4567-e89b-42d3-a456-426614174000",
           "YC_SERVICE_ACCOUNT_KEY_FILE is not set",
           "AISTUDIO_AUTH_WORKLOAD_IDENTITY_SUBJECT_TOKEN_PATH_V2",
           "a c1.xl host, y0_short, AQVN, eyJ",
       }) {
    EXPECT_EQ(Redact(text), text);
  }
}

TEST(RedactTest, ReplacesWhatTerminalsAndLogsChokeOn) {
  EXPECT_EQ(Redact("a\nb\tc\x1b[31m\x7f"), "a b c [31m ");
  EXPECT_EQ(Redact(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(Redact("\xD0\xBD\xD0\xB5\xD1\x82!"), "      !");
}

TEST(RedactTest, CutsLongTexts) {
  EXPECT_EQ(Redact(Repeat("ab ", 1000)).size(), 512u);
  EXPECT_EQ(Redact(std::string(512, 'a')), std::string(512, 'a'));
  EXPECT_EQ(Redact(std::string(513, 'a')), std::string(509, 'a') + "...");
  // A secret that begins before the cut leaves nothing behind either.
  const std::string text = Repeat("ab ", 168) + Repeat("aB3_x", 100);
  EXPECT_EQ(Redact(text), Repeat("ab ", 168).append("[reda..."));
  EXPECT_EQ(Redact(Repeat("y0_-", 20000)), "[redacted]");
  EXPECT_EQ(Redact("Bearer" + std::string(100000, ' ') + "x").size(), 512u);
}

TEST(DigestTest, TellsTextsApartAndKeepsThemHidden) {
  EXPECT_EQ(Digest("secret"), Digest("secret"));
  EXPECT_NE(Digest("secret"), Digest("secret2"));
  EXPECT_NE(Digest(""), Digest(std::string_view("\0", 1)));
  EXPECT_EQ(Digest("").size(), 64u);
  EXPECT_THAT(
      Digest("secret"),
      Each(testing::AnyOf(testing::AllOf(testing::Ge('0'), testing::Le('9')),
                          testing::AllOf(testing::Ge('a'), testing::Le('f')))));
  // SHA-256 of "secret": the digest must not be one that tables know.
  EXPECT_NE(Digest("secret"),
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
}

TEST(DigestTest, IsTheSameOnEveryThread) {
  std::vector<std::string> digests(8);
  std::vector<std::thread> threads;
  for (std::string& digest : digests) {
    threads.emplace_back([&digest] { digest = Digest("secret"); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(digests, Each(Digest("secret")));
}

TEST(HideSecretsTest, KeepsAllOtherBytes) {
  const std::string text = "\xD0\x9D\xD0\xB5\n" + std::string(600, ' ');
  EXPECT_EQ(HideSecrets(text + "t1.abcdefgh end"), text + "[redacted] end");
  EXPECT_EQ(HideSecrets(text), text);
  EXPECT_EQ(HideSecrets("localhost:443"), "localhost:443");
}

}  // namespace
}  // namespace aistudio::auth::internal
