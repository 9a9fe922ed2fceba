#include "src/sources/ps256.h"

#include <cstddef>
#include <memory>

#include "openssl/rsa.h"

namespace aistudio::auth::internal {
namespace {

constexpr int kSaltSize = 32;  // RFC 7518, section 3.5: that of the hash

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

bool SetPadding(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kSaltSize) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

}  // namespace

std::string SignPs256(EVP_PKEY* key, const std::string& text) {
  const Context context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  EVP_PKEY_CTX* key_context = nullptr;
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr,
                         key) != 1 ||
      !SetPadding(key_context) ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return "";
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1) {
    return "";
  }
  signature.resize(size);
  return signature;
}

bool VerifyPs256(EVP_PKEY* key, const std::string& text,
                 const std::string& signature) {
  const Context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(),
                              nullptr, key) == 1 &&
         SetPadding(key_context) &&
         EVP_DigestVerify(
             context.get(),
             reinterpret_cast<const unsigned char*>(signature.data()),
             signature.size(),
             reinterpret_cast<const unsigned char*>(text.data()),
             text.size()) == 1;
}

}  // namespace aistudio::auth::internal
