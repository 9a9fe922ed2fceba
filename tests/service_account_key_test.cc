#include "src/sources/service_account_key.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "openssl/bio.h"
#include "openssl/ec.h"
#include "openssl/err.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/rsa.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key Generate(int type, const std::function<bool(EVP_PKEY_CTX*)>& configure) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EXPECT_TRUE(EVP_PKEY_keygen_init(context.get()) == 1 &&
              configure(context.get()) &&
              EVP_PKEY_keygen(context.get(), &key) == 1);
  return Key(key, &EVP_PKEY_free);
}

Key GenerateRsa(int bits) {
  return Generate(EVP_PKEY_RSA, [bits](EVP_PKEY_CTX* context) {
    return EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1;
  });
}

// Generating takes a while: one serves all tests.
EVP_PKEY* RsaKey() {
  static EVP_PKEY* key = GenerateRsa(2048).release();
  return key;
}

std::string Write(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()),
                                                      &BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string Pem(EVP_PKEY* key) {
  return Write([key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr,
                                         nullptr);
  });
}

std::string EncryptedPem(EVP_PKEY* key) {
  return Write([key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "phrase",
                                         6, nullptr, nullptr);
  });
}

std::string PublicPem(EVP_PKEY* key) {
  return Write([key](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key); });
}

std::string JsonText(const std::string& text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}}), "\"");
}

// The file as `yc` writes it, with this private key.
std::string KeyFile(const std::string& pem) {
  return absl::StrCat(R"({
   "id": "ajekey1",
   "service_account_id": "ajeaccount1",
   "created_at": "2026-01-01T00:00:00.123456789Z",
   "key_algorithm": "RSA_2048",
   "public_key": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
   "private_key": )",
                      JsonText(pem), "\n}\n");
}

absl::StatusOr<std::shared_ptr<const ServiceAccountKey>> Parse(
    std::string json) {
  auto key = ServiceAccountKey::Parse(json);
  EXPECT_EQ(json, "");
  EXPECT_EQ(ERR_peek_error(), 0u);
  return key;
}

bool IsSignature(EVP_PKEY* key, const std::string& text,
                 const std::string& signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_PKEY_CTX* key_context = nullptr;
  return EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(),
                              nullptr, key) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) ==
             1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(key_context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, 32) == 1 &&
         EVP_DigestVerify(
             context.get(),
             reinterpret_cast<const unsigned char*>(signature.data()),
             signature.size(),
             reinterpret_cast<const unsigned char*>(text.data()),
             text.size()) == 1;
}

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

constexpr char kPassTheFile[] =
    "; pass the content of the JSON file that `yc iam key create --output` "
    "writes";
constexpr char kNewKey[] =
    "; make a new key with `yc iam key create --service-account-name <name> "
    "--output key.json`";

struct FaultCase {
  std::string json;
  std::string message;  // after "service account key: "
};

void ExpectFaults(const std::vector<FaultCase>& cases) {
  // Both forms of the one private key that is in most of the texts.
  const std::string pem = Pem(RsaKey());
  const std::string secret = absl::StrReplaceAll(pem, {{"\n", ""}});
  for (const FaultCase& test : cases) {
    const auto key = Parse(test.json);
    ASSERT_FALSE(key.ok()) << test.message;
    EXPECT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(key.status().message());
    EXPECT_EQ(message, "service account key: " + test.message);
    constexpr std::size_t kPiece = 12;
    for (std::size_t i = 0; i + kPiece <= secret.size(); ++i) {
      ASSERT_THAT(message, Not(HasSubstr(secret.substr(i, kPiece))));
    }
  }
}

TEST(ServiceAccountKeyTest, TellsWhatIsNoKeyFile) {
  const std::string pem = Pem(RsaKey());
  const std::string no_json =
      absl::StrCat("is not valid JSON, or not that of a key", kPassTheFile);
  const std::string base64_advice =
      "; decode it, or pass the content of the key's file";
  ExpectFaults({
      {"", absl::StrCat("is empty", kPassTheFile)},
      {" \n", absl::StrCat("is empty", kPassTheFile)},
      {KeyFile(pem) + std::string(64 * 1024, ' '),
       absl::StrCat("has more than 65536 bytes", kPassTheFile)},
      {pem, absl::StrCat("is a PEM block alone, which names no service account",
                         kPassTheFile)},
      {"/etc/key",
       "is the path of a file, not its content; use "
       "ServiceAccountKeyFileCredentials"},
      {"key.json\n",
       "is the path of a file, not its content; use "
       "ServiceAccountKeyFileCredentials"},
      {"AQVNabc", "is an API key; use ApiKeyCredentials"},
      {"t1.abc", "is an IAM token; use IamTokenCredentials"},
      {"y0_abc", "is an OAuth token; use OAuthTokenCredentials"},
      {absl::Base64Escape(KeyFile(pem)),
       absl::StrCat("is encoded in base64", base64_advice)},
      {"eyJhbGciOiJQUzI1NiJ9.e30.c2ln",
       absl::StrCat("is encoded in base64, or a JWT", base64_advice)},
      {"hello", absl::StrCat("is not a JSON object", kPassTheFile)},
      {"[" + KeyFile(pem) + "]",
       absl::StrCat("is not a JSON object", kPassTheFile)},
      {KeyFile(pem).substr(0, KeyFile(pem).size() - 40), no_json},
      {KeyFile(pem) + "x", no_json},
      {"{'id", no_json},
      {R"({"id":{"a":1}})", no_json},
      {R"({"private_key":[)" + JsonText(pem) + "]}", no_json},
      {absl::StrReplaceAll(KeyFile(pem), {{"\\n", "\n"}, {"BEGIN", "\xFF"}}),
       no_json},
  });
}

TEST(ServiceAccountKeyTest, TellsWhatIsMissing) {
  const std::string pem = JsonText(Pem(RsaKey()));
  const auto with = [&pem](const std::string& fields) {
    return absl::StrCat("{", fields, "\"private_key\":", pem, "}");
  };
  ExpectFaults({
      {"{}", absl::StrCat("has no id", kPassTheFile)},
      {with(R"("service_account_id":"b",)"),
       absl::StrCat("has no id", kPassTheFile)},
      {with(R"("id":"a",)"),
       absl::StrCat("has no service_account_id", kPassTheFile)},
      {R"({"id":"a","service_account_id":"b","private_key":""})",
       absl::StrCat("has no private_key", kPassTheFile)},
      {R"({"id":"a","service_account_id":"b","private_key":null})",
       absl::StrCat("has no private_key", kPassTheFile)},
      {absl::StrCat(R"({"key":{"id":"a","serviceAccountId":"b","privateKey":)",
                    pem, "}}"),
       absl::StrCat("has no private_key", kPassTheFile)},
      {with(R"("id":"a","user_account_id":"b",)"),
       absl::StrCat("belongs to a user account, not to a service account",
                    kNewKey)},
      {with(R"("id":"a\nb","service_account_id":"b",)"),
       absl::StrCat("id is not an id as IAM gives it", kPassTheFile)},
      {with(R"("id":"a","service_account_id":"b\u0000",)"),
       absl::StrCat("service_account_id is not an id as IAM gives it",
                    kPassTheFile)},
      {with(absl::StrCat("\"id\":\"", std::string(101, 'a'),
                         "\",\"service_account_id\":\"b\",")),
       absl::StrCat("id is not an id as IAM gives it: it is too long",
                    kPassTheFile)},
      {with(absl::StrCat("\"id\":", pem, ",\"service_account_id\":\"b\",")),
       absl::StrCat("id is not an id as IAM gives it", kPassTheFile)},
  });
}

TEST(ServiceAccountKeyTest, TellsWhatIsNoPrivateKey) {
  const std::string pem = Pem(RsaKey());
  const std::vector<std::string> lines = absl::StrSplit(pem, '\n');
  ASSERT_GT(lines.size(), 10u);
  const std::string cut =
      absl::StrJoin(lines.begin(), lines.begin() + 10, "\n");
  const std::string damaged =
      absl::StrCat("private_key is damaged or of an unknown kind", kNewKey);
  const std::string elliptic =
      Pem(Generate(EVP_PKEY_EC, [](EVP_PKEY_CTX* context) {
            return EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
                       context, NID_X9_62_prime256v1) == 1;
          }).get());
  const std::string edwards =
      Pem(Generate(EVP_PKEY_ED25519, [](EVP_PKEY_CTX*) { return true; }).get());
  ExpectFaults({
      {KeyFile("secret"),
       absl::StrCat("private_key is not in PEM form", kPassTheFile)},
      {KeyFile(absl::StrJoin(lines.begin() + 1, lines.end() - 2, "\n")),
       absl::StrCat("private_key is not in PEM form", kPassTheFile)},
      {KeyFile(PublicPem(RsaKey())),
       absl::StrCat("private_key holds a public key", kPassTheFile)},
      {KeyFile(
           "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
       absl::StrCat("private_key holds a certificate", kPassTheFile)},
      {KeyFile(
           "-----BEGIN PGP MESSAGE-----\nMIIB\n-----END PGP MESSAGE-----\n"),
       absl::StrCat("private_key holds no private key", kPassTheFile)},
      {KeyFile(EncryptedPem(RsaKey())),
       "private_key is encrypted; decrypt it with `openssl pkey`, or make a "
       "new key"},
      {KeyFile(cut), absl::StrCat("private_key is cut off", kPassTheFile)},
      {KeyFile(cut + "\n-----END PRIVATE KEY-----\n"), damaged},
      {KeyFile("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"),
       damaged},
      {KeyFile(elliptic),
       absl::StrCat("private_key is not an RSA key", kNewKey)},
      {KeyFile(edwards),
       absl::StrCat("private_key is not an RSA key", kNewKey)},
      {KeyFile(Pem(GenerateRsa(1024).get())),
       absl::StrCat("private_key has 1024 bits, less than 2048", kNewKey)},
  });
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
