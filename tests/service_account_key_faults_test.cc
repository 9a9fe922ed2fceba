// What is said about a text that is no service account key.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "openssl/ec.h"
#include "openssl/evp.h"
#include "src/sources/service_account_key.h"
#include "tests/key_testing.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(ServiceAccountKeyFaultsTest, TellsWhatIsNoKeyFile) {
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

TEST(ServiceAccountKeyFaultsTest, TellsWhatIsMissing) {
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

TEST(ServiceAccountKeyFaultsTest, TellsWhatIsNoPrivateKey) {
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

}  // namespace
}  // namespace aistudio::auth::internal
