// The authorized key of a service account.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_SERVICE_ACCOUNT_KEY_H_
#define AISTUDIO_AUTH_SRC_SOURCES_SERVICE_ACCOUNT_KEY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "openssl/evp.h"

namespace aistudio::auth::internal {

// A key that was read and tried out: it can sign.
//
// Performance: signing takes about a millisecond.
// Thread safety: immutable.
// Errors: never quote the key's text.
class ServiceAccountKey {
 public:
  // Reads the JSON that `yc iam key create --output` writes, or the reply of
  // the REST method that creates keys. `json` is wiped in any case.
  // InvalidArgument, "service account key: <what>; <what to do>", if it is
  // anything else.
  static absl::StatusOr<std::shared_ptr<const ServiceAccountKey>> Parse(
      std::string& json);

  ServiceAccountKey(const ServiceAccountKey&) = delete;
  ServiceAccountKey& operator=(const ServiceAccountKey&) = delete;

  const std::string& key_id() const { return key_id_; }
  const std::string& service_account_id() const { return service_account_id_; }

  // Makes a JWT (PS256) that IAM exchanges for a token; it is good for an hour.
  // Who has it can do so as well: wipe it after use.
  absl::StatusOr<std::string> SignJwt(const std::string& audience,
                                      absl::Time now) const;

 private:
  struct PrivateKeyDeleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using PrivateKey = std::unique_ptr<EVP_PKEY, PrivateKeyDeleter>;

  ServiceAccountKey(std::string key_id, std::string service_account_id,
                    PrivateKey private_key);

  const std::string key_id_;
  const std::string service_account_id_;
  const PrivateKey private_key_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_SERVICE_ACCOUNT_KEY_H_
