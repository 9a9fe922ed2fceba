// Workload identity federation: somebody else's token, exchanged for IAM
// tokens.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_TOKEN_EXCHANGE_SOURCE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_TOKEN_EXCHANGE_SOURCE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"
#include "src/io/http.h"

namespace aistudio::auth::internal {

// Exchanges the token in a file, as in RFC 8693. The file is read for every
// exchange, since whoever writes it (Kubernetes, a CI system) replaces it
// often.
//
// Thread safety: as TokenSource.
// Errors: "<URL without query>: <what>; <what to do>", or of the file, see
// ReadSecretFile. UNAUTHENTICATED if the service does not take the subject
// token for this account. What the service says of it is shown without what
// looks like a secret, and not at all if it quotes the subject token.
class TokenExchangeSource final : public TokenSource {
 public:
  struct Settings {
    std::string service_account_id;
    std::string subject_token_path;
    std::string token_url;
    std::string shown_url;  // of CheckHttpsUrl
    std::string ca_file;
  };

  TokenExchangeSource(Settings settings, std::shared_ptr<Clock> clock);

  absl::StatusOr<Token> Fetch(absl::Time deadline) override;
  void Cancel() override { http_.Cancel(); }

  // "service_account=aje..., subject_token=/var/run/..., url=https://..."
  std::string DebugString() const override;

 private:
  absl::Status ReadSubjectToken(std::string& token) const;
  absl::StatusOr<HttpAnswer> Ask(std::string_view subject_token,
                                 absl::Duration timeout);
  absl::Status Refusal(const HttpAnswer& answer,
                       std::string_view subject_token) const;

  const Settings settings_;
  const std::shared_ptr<Clock> clock_;
  HttpClient http_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_TOKEN_EXCHANGE_SOURCE_H_
