// The keys, certificates and random text of the fake cloud.

#ifndef AISTUDIO_AUTH_SRC_TESTING_CRYPTO_H_
#define AISTUDIO_AUTH_SRC_TESTING_CRYPTO_H_

#include <cstddef>
#include <memory>
#include <string>

#include "openssl/evp.h"

namespace aistudio::auth::testing::internal {

// A failure of OpenSSL ends the process: a test cannot go on without it.

using SharedKey = std::shared_ptr<EVP_PKEY>;

std::string RandomBytes(std::size_t size);

// `size` letters out of `alphabet`.
std::string RandomText(std::size_t size, const std::string& alphabet);

// RSA, 2048 bits. Takes some 100 ms.
SharedKey GenerateRsaKey();

// PKCS#8.
std::string PrivateKeyPem(const SharedKey& key);
std::string PublicKeyPem(const SharedKey& key);

// RFC 7518, section 3.5: RSASSA-PSS with SHA-256 and a salt of 32 bytes.
bool IsPs256Signature(const SharedKey& key, const std::string& text,
                      const std::string& signature);

struct Certificate {
  std::string certificate_pem;
  std::string private_key_pem;
};

// A new certificate for localhost, 127.0.0.1 and ::1 that is its own root.
Certificate MakeLocalhostCertificate();

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_CRYPTO_H_
