// Service account keys, good and bad, as text.

#ifndef AISTUDIO_AUTH_TESTS_KEY_TESTING_H_
#define AISTUDIO_AUTH_TESTS_KEY_TESTING_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "openssl/evp.h"
#include "src/sources/service_account_key.h"

namespace aistudio::auth::internal {

using KeyPair = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// A new key of an EVP_PKEY_... type; `configure` sets what the type needs.
KeyPair Generate(int type, const std::function<bool(EVP_PKEY_CTX*)>& configure);
KeyPair GenerateRsa(int bits);

// Generating takes a while: one serves all tests.
EVP_PKEY* RsaKey();

// What `write` writes.
std::string Write(const std::function<int(BIO*)>& write);

std::string Pem(EVP_PKEY* key);
std::string EncryptedPem(EVP_PKEY* key);
std::string PublicPem(EVP_PKEY* key);

// `text` as a JSON string, with its quotes.
std::string JsonText(const std::string& text);

// The file as `yc` writes it, with this private key.
std::string KeyFile(const std::string& pem);

// ServiceAccountKey::Parse, which wipes its argument and leaves no error of
// OpenSSL behind.
absl::StatusOr<std::shared_ptr<const ServiceAccountKey>> Parse(
    std::string json);

bool IsSignature(EVP_PKEY* key, const std::string& text,
                 const std::string& signature);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_TESTS_KEY_TESTING_H_
