// The metadata service of a machine in a FakeCloud.

#ifndef AISTUDIO_AUTH_TESTING_FAKE_METADATA_H_
#define AISTUDIO_AUTH_TESTING_FAKE_METADATA_H_

#include <string>

#include "aistudio/auth/options.h"
#include "aistudio/auth/testing/fake_http.h"

namespace aistudio::auth::testing {

namespace internal {
class FakeCloudImpl;
class FakeMetadataImpl;
}  // namespace internal

// Serves `GET /computeMetadata/v1/instance/service-accounts/default/token` over
// plain HTTP, to requests with `Metadata-Flavor: Google`; others are refused,
// as the real one does.
//
// Thread safety: all methods may be called from any thread.
class FakeMetadata : public FakeHttpService {
 public:
  // "127.0.0.1:<port>", for YC_METADATA_ADDR.
  std::string address() const;

  // Options for the factory, with that address.
  MetadataServiceOptions options() const;

  // False: no service account is attached, and requests get 404. Default: true.
  void AttachServiceAccount(bool attached);

  // False: requests get the text with which a machine refuses that was told to
  // give no tokens. Default: true.
  void EnableTokens(bool enabled);

 private:
  friend class internal::FakeCloudImpl;
  explicit FakeMetadata(internal::FakeMetadataImpl* impl);
  internal::FakeMetadataImpl* metadata_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_FAKE_METADATA_H_
