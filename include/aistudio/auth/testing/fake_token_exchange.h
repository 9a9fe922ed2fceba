// The token exchange of a FakeCloud (RFC 8693).

#ifndef AISTUDIO_AUTH_TESTING_FAKE_TOKEN_EXCHANGE_H_
#define AISTUDIO_AUTH_TESTING_FAKE_TOKEN_EXCHANGE_H_

#include <string>

#include "aistudio/auth/options.h"
#include "aistudio/auth/testing/fake_http.h"

namespace aistudio::auth::testing {

namespace internal {
class FakeCloudImpl;
class FakeTokenExchangeImpl;
}  // namespace internal

// Serves `POST /oauth/token` over HTTPS: each field of the request is checked,
// and the subject token must be one that was added for the service account it
// asks for. Refusals have the form and codes of RFC 6749.
//
// Thread safety: all methods may be called from any thread.
class FakeTokenExchange : public FakeHttpService {
 public:
  // "https://localhost:<port>/oauth/token". Its certificate is the cloud's.
  std::string url() const;

  // Options for the factory: the URL, and a service account for which
  // `subject_token()` stands in. The caller writes that token to
  // `subject_token_path`, and the cloud's root certificate to `ca_file`.
  WorkloadIdentityOptions options(std::string subject_token_path,
                                  std::string ca_file) const;

  // A subject token that is known from the start.
  std::string subject_token() const;

  // Accepts this subject token for this service account from now on.
  void AddSubjectToken(std::string subject_token,
                       std::string service_account_id);

  // Refuses it from now on, as expired.
  void RemoveSubjectToken(const std::string& subject_token);

  // A refusal repeats the subject token in its text. Default: false.
  void QuoteSubjectToken(bool quote);

 private:
  friend class internal::FakeCloudImpl;
  explicit FakeTokenExchange(internal::FakeTokenExchangeImpl* impl);
  internal::FakeTokenExchangeImpl* exchange_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_FAKE_TOKEN_EXCHANGE_H_
