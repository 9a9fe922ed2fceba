#include "src/sources/service_account_key.h"

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "openssl/pem.h"
#include "tests/key_testing.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ServiceAccountKeyTest, SignsJwt) {
  const auto key = Parse(KeyFile(Pem(RsaKey())));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ((*key)->key_id(), "ajekey1");
  EXPECT_EQ((*key)->service_account_id(), "ajeaccount1");

  const auto jwt =
      (*key)->SignJwt("https://iam/tokens", absl::FromUnixSeconds(1800000000) +
                                                absl::Milliseconds(999));
  ASSERT_TRUE(jwt.ok()) << jwt.status();
  EXPECT_THAT(*jwt, Not(HasSubstr("=")));
  const std::vector<std::string> parts = absl::StrSplit(*jwt, '.');
  ASSERT_EQ(parts.size(), 3u);
  std::string header, claims, signature;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(parts[0], &header));
  ASSERT_TRUE(absl::WebSafeBase64Unescape(parts[1], &claims));
  ASSERT_TRUE(absl::WebSafeBase64Unescape(parts[2], &signature));
  EXPECT_EQ(header, R"({"typ":"JWT","alg":"PS256","kid":"ajekey1"})");
  EXPECT_EQ(claims, R"({"iss":"ajeaccount1","aud":"https://iam/tokens",)"
                    R"("iat":1799999990,"exp":1800003590})");
  EXPECT_EQ(signature.size(), 256u);
  EXPECT_TRUE(
      IsSignature(RsaKey(), absl::StrCat(parts[0], ".", parts[1]), signature));
  EXPECT_FALSE(IsSignature(RsaKey(), parts[0], signature));
}

TEST(ServiceAccountKeyTest, EscapesAudience) {
  const auto key = Parse(KeyFile(Pem(RsaKey())));
  ASSERT_TRUE(key.ok()) << key.status();
  const auto jwt =
      (*key)->SignJwt("a\"b\\c\nd\x01/\xD1\x8F", absl::FromUnixSeconds(10));
  ASSERT_TRUE(jwt.ok()) << jwt.status();
  const std::vector<std::string> parts = absl::StrSplit(*jwt, '.');
  std::string claims;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(parts.at(1), &claims));
  EXPECT_EQ(claims,
            "{\"iss\":\"ajeaccount1\",\"aud\":\"a\\\"b\\\\c\\u000ad"
            "\\u0001/\xD1\x8F\",\"iat\":0,\"exp\":3600}");
}

TEST(ServiceAccountKeyTest, SignsOnManyThreads) {
  const auto key = Parse(KeyFile(Pem(RsaKey())));
  ASSERT_TRUE(key.ok()) << key.status();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&key] {
      for (int j = 0; j < 10; ++j) {
        EXPECT_TRUE((*key)->SignJwt("audience", absl::UnixEpoch()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ServiceAccountKeyTest, ReadsEachForm) {
  const std::string pem = Pem(RsaKey());
  const std::string kWarning =
      "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <ajekey1>\n";
  const std::string traditional = Write([](BIO* bio) {
    unsigned char* der = nullptr;
    const int size = i2d_PrivateKey(RsaKey(), &der);  // PKCS#1
    const int written = PEM_write_bio(bio, "RSA PRIVATE KEY", "", der, size);
    OPENSSL_free(der);
    return written > 0 ? 1 : 0;
  });
  const std::string forms[] = {
      KeyFile(pem),
      KeyFile(kWarning + pem),
      KeyFile(traditional),
      "\xEF\xBB\xBF" + KeyFile(pem),
      "\r\n " + KeyFile(pem),
      KeyFile(absl::StrReplaceAll(pem, {{"\n", "\\n"}})),
      KeyFile(kWarning + absl::StrReplaceAll(pem, {{"\n", "\\r\\n"}})),
      KeyFile(PublicPem(RsaKey()) + pem),
      absl::StrCat(R"({"id":"ajekey1","serviceAccountId":"ajeaccount1",)",
                   R"("privateKey":)", JsonText(pem), "}"),
      absl::StrCat(
          R"({"key":{"id":"ajekey1","serviceAccountId":"ajeaccount1",)",
          R"("createdAt":"2026"},"privateKey":)", JsonText(pem), "}"),
      absl::StrCat(R"({"id":"ajekey1","service_account_id":"ajeaccount1",)",
                   R"("user_account_id":"","unknown":[{"a":[1.5,null]}],)",
                   R"("private_key":)", JsonText(pem), "}"),
  };
  for (const std::string& form : forms) {
    const auto key = Parse(form);
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_EQ((*key)->key_id(), "ajekey1");
    EXPECT_EQ((*key)->service_account_id(), "ajeaccount1");
  }
}

// One wrong character somewhere in the numbers of the key.
TEST(ServiceAccountKeyTest, NoticesDamage) {
  const std::string pem = Pem(RsaKey());
  for (std::size_t position = 200; position + 100 < pem.size();
       position += 150) {
    std::string damaged = pem;
    if (damaged[position] == '\n') continue;
    damaged[position] = damaged[position] == 'A' ? 'B' : 'A';
    const auto key = Parse(KeyFile(damaged));
    if (key.ok()) {
      // OpenSSL does without the number that was hit.
      const auto jwt = (*key)->SignJwt("audience", absl::UnixEpoch());
      ASSERT_TRUE(jwt.ok());
      const std::size_t dot = jwt->rfind('.');
      std::string signature;
      ASSERT_TRUE(
          absl::WebSafeBase64Unescape(jwt->substr(dot + 1), &signature));
      EXPECT_TRUE(IsSignature(RsaKey(), jwt->substr(0, dot), signature));
    } else {
      EXPECT_THAT(std::string(key.status().message()),
                  HasSubstr("private_key is damaged"));
    }
  }
}

}  // namespace
}  // namespace aistudio::auth::internal
