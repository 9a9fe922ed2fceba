#include "src/testing/crypto.h"

#include <cstdio>
#include <cstdlib>

#include "openssl/bio.h"
#include "openssl/ec.h"
#include "openssl/pem.h"
#include "openssl/rand.h"
#include "openssl/rsa.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace aistudio::auth::testing::internal {
namespace {

constexpr long kDay = 24 * 60 * 60;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const {
    X509_EXTENSION_free(extension);
  }
};

template <typename T>
using Owned = std::unique_ptr<T, Free>;

void Require(bool success, const char* what) {
  if (success) return;
  std::fprintf(stderr, "aistudio-auth testing: OpenSSL failed: %s\n", what);
  std::abort();
}

SharedKey Generate(EVP_PKEY_CTX* context) {
  EVP_PKEY* key = nullptr;
  Require(EVP_PKEY_keygen(context, &key) == 1, "key generation");
  return SharedKey(key, EVP_PKEY_free);
}

SharedKey GenerateEcKey() {
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  Require(context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(),
                                                     NID_X9_62_prime256v1) == 1,
          "EC key set-up");
  return Generate(context.get());
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

void AddExtension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, id, value));
  Require(extension != nullptr &&
              X509_add_ext(certificate, extension.get(), -1) == 1,
          "certificate extension");
}

}  // namespace

std::string RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                     static_cast<int>(size)) == 1,
          "random bytes");
  return bytes;
}

std::string RandomText(std::size_t size, const std::string& alphabet) {
  std::string text = RandomBytes(size);
  for (char& letter : text) {
    letter = alphabet[static_cast<unsigned char>(letter) % alphabet.size()];
  }
  return text;
}

SharedKey GenerateRsaKey() {
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
  Require(context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1,
          "RSA key set-up");
  return Generate(context.get());
}

std::string PrivateKeyPem(const SharedKey& key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Require(bio != nullptr &&
              PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr,
                                            nullptr, 0, nullptr, nullptr) == 1,
          "private key PEM");
  return Contents(bio.get());
}

std::string PublicKeyPem(const SharedKey& key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Require(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1,
          "public key PEM");
  return Contents(bio.get());
}

bool IsPs256Signature(const SharedKey& key, const std::string& text,
                      const std::string& signature) {
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;  // owned by `context`
  Require(
      context != nullptr &&
          EVP_DigestVerifyInit(context.get(), &padding, EVP_sha256(), nullptr,
                               key.get()) == 1 &&
          EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, 32) == 1 &&
          EVP_PKEY_CTX_set_rsa_mgf1_md(padding, EVP_sha256()) == 1,
      "PS256 set-up");
  return EVP_DigestVerify(
             context.get(),
             reinterpret_cast<const unsigned char*>(signature.data()),
             signature.size(),
             reinterpret_cast<const unsigned char*>(text.data()),
             text.size()) == 1;
}

Certificate MakeLocalhostCertificate() {
  const SharedKey key = GenerateEcKey();
  Owned<X509> certificate(X509_new());
  Require(certificate != nullptr, "X509_new");
  X509_set_version(certificate.get(), 2);  // X.509 v3

  // Clients tell roots of equal name apart by it.
  long serial = 0;
  for (const char byte : RandomBytes(4)) {
    serial = serial << 7 | (static_cast<unsigned char>(byte) & 0x7f);
  }
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial + 1);

  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3650 * kDay);

  X509_NAME* name = X509_get_subject_name(certificate.get());
  Require(X509_NAME_add_entry_by_txt(
              name, "CN", MBSTRING_ASC,
              reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
              0) == 1 &&
              X509_set_issuer_name(certificate.get(), name) == 1 &&
              X509_set_pubkey(certificate.get(), key.get()) == 1,
          "certificate fields");
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), NID_subject_alt_name,
               "DNS:localhost,IP:127.0.0.1,IP:::1");
  Require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0,
          "certificate signature");

  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  Require(
      bio != nullptr && PEM_write_bio_X509(bio.get(), certificate.get()) == 1,
      "certificate PEM");
  return {Contents(bio.get()), PrivateKeyPem(key)};
}

}  // namespace aistudio::auth::testing::internal
