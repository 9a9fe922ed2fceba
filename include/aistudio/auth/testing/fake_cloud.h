// A cloud for tests: its token services and an AI Studio on loopback, with TLS.
//
//   auto cloud = aistudio::auth::testing::FakeCloud::Start();
//   auto credentials = aistudio::auth::ServiceAccountKeyCredentials(
//       (*cloud)->service_account_key_json(), (*cloud)->iam_options());
//   auto channel = grpc::CreateChannel(
//       (*cloud)->ai_studio_endpoint(),
//       credentials->channel_credentials((*cloud)->ssl()));
//   ... any RPC, of any service; it is answered if its header is valid ...
//   (*cloud)->iam().FailNext(3, {grpc::StatusCode::UNAVAILABLE, "down"});
//
// Links without GoogleTest. Never point it at real secrets.

#ifndef AISTUDIO_AUTH_TESTING_FAKE_CLOUD_H_
#define AISTUDIO_AUTH_TESTING_FAKE_CLOUD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/options.h"
#include "aistudio/auth/testing/fake_metadata.h"
#include "aistudio/auth/testing/fake_token_exchange.h"
#include "aistudio/auth/testing/fake_yc.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::testing {

namespace internal {
class FakeAiStudioImpl;
class FakeCloudImpl;
class FakeIamImpl;
}  // namespace internal

// The IAM token service, `yandex.cloud.iam.v1.IamTokenService`: Create for JWTs
// of service accounts and for OAuth tokens, and CreateForServiceAccount. A
// JWT's signature (PS256), audience, key id, issuer and times are verified as
// the real service does.
//
// Thread safety: all methods may be called from any thread, before or amid
// calls.
class FakeIam {
 public:
  // What the real service never sends, and a client must survive.
  enum class Answer {
    kGood,
    kNoToken,          // an empty iam_token
    kIllegalBytes,     // a token with a newline inside
    kNoExpiry,         // expires_at not set
    kExpiryInThePast,  // an hour ago
    kExpiryFarFuture,  // in a hundred years
    kSameTokenAgain,   // the newest live token of the subject, if there is one
  };

  // Tokens issued from now on live this long. Default: 12 hours.
  void SetTokenLifetime(absl::Duration lifetime);

  // The next `count` requests fail with `status`.
  void FailNext(int count, grpc::Status status);

  // Of every `n` requests the last fails with `status`; 0 ends that.
  void FailEveryNth(int n, grpc::Status status);

  // Requests fail with `status` until it is OK again.
  void FailAlways(grpc::Status status);

  // Requests get no answer at all until `hang` is false; those that hang are
  // then answered.
  void Hang(bool hang);

  // Answers come this much (real time) later.
  void SetDelay(absl::Duration delay);

  // What well-formed requests get from now on. Default: kGood.
  void SetAnswer(Answer answer);

  // The audience a JWT must name. Default:
  // "https://iam.api.cloud.yandex.net/iam/v1/tokens".
  void SetJwtAudience(std::string audience);

  // Lets whoever has a live token act as this service account, by
  // CreateForServiceAccount, from now on. Others may not be impersonated.
  void AllowImpersonation(std::string service_account_id);

  // Accepts this OAuth token from now on.
  void AddOAuthToken(std::string oauth_token);

  // Makes a service account with a new key and returns its key file.
  std::string AddServiceAccount(const std::string& service_account_id);

  // Refuses JWTs signed with the keys of this service account from now on.
  void DeleteServiceAccount(const std::string& service_account_id);

  // AI Studio refuses this token from now on.
  void RevokeToken(const std::string& token);

  // AI Studio refuses every token issued so far.
  void RevokeAllTokens();

  // Requests seen, also those that failed or hang; and tokens that were issued.
  std::int64_t requests() const;
  std::int64_t tokens_issued() const;
  std::int64_t failures() const;

  // The token issued last; empty if none was.
  std::string last_token() const;

  // Stops listening: connections are refused, as when the service is down.
  void Stop();

  // Listens again, on the same port.
  absl::Status Restart();

 private:
  friend class internal::FakeCloudImpl;
  explicit FakeIam(internal::FakeIamImpl* impl) : impl_(impl) {}
  internal::FakeIamImpl* impl_;
};

// AI Studio: answers any method of any service. It demands exactly one
// `authorization` header with a live token or a known API key; anything else is
// UNAUTHENTICATED with the real service's words.
//
// Each request message is answered with `MethodBehavior::responses` copies of
// itself, or of `MethodBehavior::response`, and the call ends when the client
// has sent all it has to send: so with the defaults every unary and every
// bidirectional call is an echo.
//
// One method is no echo, unless SetBehavior makes it one:
// TextGenerationService/Completion answers as a model does, with the last
// message in its words. If the request asks for a stream, the answer grows from
// response to response; the last one has a final status and the usage. A
// request without a model's URI or messages is INVALID_ARGUMENT.
//
// Thread safety: all methods may be called from any thread.
class FakeAiStudio {
 public:
  struct MethodBehavior {
    // Messages sent back for each request message. Default: 1.
    int responses = 1;

    // The pause before each of them but the first. Default: none.
    absl::Duration interval = absl::ZeroDuration();

    // How the call ends. Default: OK.
    grpc::Status status;

    // What is sent back: a message, as SerializeAsString gives it.
    // Default: empty, the request message itself.
    std::string response;
  };

  // One call as it came in.
  struct Call {
    std::string
        method;  // "/yandex.cloud.ai.foundation_models.v1.../Completion"
    std::multimap<std::string, std::string> metadata;
    bool accepted = false;
  };

  // `method` as in "/pkg.Service/Method".
  void SetBehavior(const std::string& method, MethodBehavior behavior);

  // Accepts this API key from now on.
  void AddApiKey(std::string api_key);

  // Accepts calls without `authorization`. Default: false.
  void AllowAnonymous(bool allow);

  // Calls with a valid header, and calls that were refused for want of one.
  std::int64_t accepted() const;
  std::int64_t refused() const;

  // The last 1000 calls, oldest first.
  std::vector<Call> calls() const;
  void ClearCalls();

 private:
  friend class internal::FakeCloudImpl;
  explicit FakeAiStudio(internal::FakeAiStudioImpl* impl) : impl_(impl) {}
  internal::FakeAiStudioImpl* impl_;
};

// Starts and owns all of them.
//
// Performance: starts in some 100 ms (a key and a certificate are made). Its
// servers have threads of their own, so it works beside calls that are parked
// in gRPC's pool.
// Thread safety: all methods may be called from any thread.
class FakeCloud {
 public:
  struct Options {
    // The time tokens and JWTs are judged by. Default: null, the machine's
    // clock.
    std::shared_ptr<Clock> clock;

    // Default: 12 hours.
    absl::Duration token_lifetime = absl::Hours(12);

    // False: IAM starts down, until FakeIam::Restart. Default: true.
    bool start_iam = true;
  };

  static absl::StatusOr<std::unique_ptr<FakeCloud>> Start(Options options);
  static absl::StatusOr<std::unique_ptr<FakeCloud>> Start();

  // Ends running calls.
  ~FakeCloud();
  FakeCloud(const FakeCloud&) = delete;
  FakeCloud& operator=(const FakeCloud&) = delete;

  FakeIam& iam();
  FakeAiStudio& ai_studio();
  FakeMetadata& metadata();
  FakeTokenExchange& token_exchange();
  FakeYc& yc();

  // "localhost:<port>".
  std::string iam_endpoint() const;
  std::string ai_studio_endpoint() const;

  // The certificate both servers show, good for localhost and 127.0.0.1, as
  // root certificate for clients.
  std::string root_certificates() const;
  grpc::SslCredentialsOptions ssl() const;

  // Options for the factories that ask IAM: endpoint and certificate.
  IamOptions iam_options() const;

  // The key file of a service account that this cloud knows, in the form the
  // real one issues.
  std::string service_account_key_json() const;

  // The path of the `yc` stand-in, for CliOptions::command.
  std::string yc_command() const;

  // An OAuth token and an API key that this cloud knows.
  std::string oauth_token() const;
  std::string api_key() const;

 private:
  explicit FakeCloud(std::unique_ptr<internal::FakeCloudImpl> impl);
  std::unique_ptr<internal::FakeCloudImpl> impl_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_FAKE_CLOUD_H_
