#include "tests/key_testing.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/pem.h"
#include "openssl/rsa.h"
#include "src/sources/service_account_key.h"

namespace aistudio::auth::internal {

KeyPair Generate(int type,
                 const std::function<bool(EVP_PKEY_CTX*)>& configure) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EXPECT_TRUE(EVP_PKEY_keygen_init(context.get()) == 1 &&
              configure(context.get()) &&
              EVP_PKEY_keygen(context.get(), &key) == 1);
  return KeyPair(key, &EVP_PKEY_free);
}

KeyPair GenerateRsa(int bits) {
  return Generate(EVP_PKEY_RSA, [bits](EVP_PKEY_CTX* context) {
    return EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1;
  });
}

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

}  // namespace aistudio::auth::internal
