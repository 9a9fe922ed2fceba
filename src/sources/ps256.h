// PS256 of JSON Web Signatures: RSASSA-PSS with SHA-256.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_PS256_H_
#define AISTUDIO_AUTH_SRC_SOURCES_PS256_H_

#include <string>

#include "openssl/evp.h"

namespace aistudio::auth::internal {

// The signature of `text` by the RSA key `key`, in raw bytes. Empty if OpenSSL
// fails; its errors are then left with the thread.
std::string SignPs256(EVP_PKEY* key, const std::string& text);

// Whether `signature` is one of `text` by `key`.
bool VerifyPs256(EVP_PKEY* key, const std::string& text,
                 const std::string& signature);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_PS256_H_
