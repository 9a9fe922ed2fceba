// The service accounts of the fake cloud, their keys and their JWTs.

#ifndef AISTUDIO_AUTH_SRC_TESTING_SERVICE_ACCOUNTS_H_
#define AISTUDIO_AUTH_SRC_TESTING_SERVICE_ACCOUNTS_H_

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/testing/crypto.h"

namespace aistudio::auth::testing::internal {

// An id in the form the cloud gives to keys and service accounts.
std::string MakeCloudId();

// Thread safety: all methods may be called from any thread.
class ServiceAccounts {
 public:
  // Registers `key` under a new id and returns its key file.
  std::string AddKey(const std::string& service_account_id,
                     const SharedKey& key, absl::Time created_at);

  void Delete(const std::string& service_account_id);

  // The service account that signed `jwt`, or what is wrong with it. The text
  // of an error repeats no part of the JWT but its header and its claims.
  absl::StatusOr<std::string> VerifyJwt(const std::string& jwt,
                                        const std::string& audience,
                                        absl::Time now) const;

 private:
  struct Key {
    std::string service_account_id;
    SharedKey key;
  };

  std::optional<Key> Find(const std::string& key_id) const;

  mutable std::mutex mutex_;
  std::map<std::string, Key> keys_;
};

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_SERVICE_ACCOUNTS_H_
