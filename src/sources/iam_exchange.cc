#include "src/sources/iam_exchange.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio_auth/iam.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "src/io/iam_stub.h"

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

constexpr char kAudience[] = "https://iam.api.cloud.yandex.net/iam/v1/tokens";

// IAM tokens live no longer. A later expiry is a fault, by which a token would
// be used for long after it died.
constexpr absl::Duration kMaxLifetime = absl::Hours(12);

// Where the service named no expiry: its documentation asks for a token an
// hour.
constexpr absl::Duration kDefaultLifetime = absl::Hours(1);

// Wipes what the request says of the identity, at the end of a scope.
class Wiper {
 public:
  explicit Wiper(wire::CreateIamTokenRequest* request) : request_(*request) {}
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;
  ~Wiper() {
    if (request_.has_jwt()) Wipe(*request_.mutable_jwt());
    if (request_.has_yandex_passport_oauth_token()) {
      Wipe(*request_.mutable_yandex_passport_oauth_token());
    }
  }

 private:
  wire::CreateIamTokenRequest& request_;
};

// Whether protobuf allows the value: years 1 to 9999.
bool IsValid(const google::protobuf::Timestamp& time) {
  return time.seconds() >= -62135596800 && time.seconds() <= 253402300799 &&
         time.nanos() >= 0 && time.nanos() <= 999999999;
}

}  // namespace

absl::StatusOr<Token> ReadToken(const std::string& endpoint,
                                wire::CreateIamTokenResponse& response,
                                absl::Time now) {
  const auto fault = [&](const char* what) {
    return absl::InternalError(
        absl::StrCat(endpoint, ": ", what,
                     "; check that IamOptions::endpoint is a token service of "
                     "Yandex Cloud"));
  };
  if (response.iam_token().empty()) return fault("the answer holds no token");
  absl::Time expires_at = now + kDefaultLifetime;
  if (response.has_expires_at()) {
    const google::protobuf::Timestamp& time = response.expires_at();
    if (!IsValid(time)) {
      Wipe(*response.mutable_iam_token());
      return fault("the answer holds a token with an impossible expiry");
    }
    expires_at = std::min(
        absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
        now + kMaxLifetime);
  }
  return Token{std::move(*response.mutable_iam_token()), expires_at};
}

IamTokenSource::IamTokenSource(std::unique_ptr<IamStub> stub,
                               std::shared_ptr<Clock> clock)
    : stub_(std::move(stub)), clock_(std::move(clock)) {}

IamTokenSource::~IamTokenSource() = default;

const std::string& IamTokenSource::endpoint() const {
  return stub_->endpoint();
}

absl::StatusOr<Token> IamTokenSource::Fetch(absl::Time deadline) {
  wire::CreateIamTokenRequest request;
  const Wiper wiper(&request);
  if (absl::Status set = SetIdentity(&request); !set.ok()) return set;
  auto response = stub_->Create(request, deadline - clock_->Now());
  if (!response.ok()) return response.status();

  return ReadToken(endpoint(), *response, clock_->Now());
}

void IamTokenSource::Cancel() { stub_->Cancel(); }

ServiceAccountTokenSource::ServiceAccountTokenSource(
    std::shared_ptr<const ServiceAccountKey> key, std::string audience,
    std::unique_ptr<IamStub> stub, std::shared_ptr<Clock> clock)
    : IamTokenSource(std::move(stub), std::move(clock)),
      key_(std::move(key)),
      audience_(audience.empty() ? kAudience : std::move(audience)) {}

std::string ServiceAccountTokenSource::DebugString() const {
  return absl::StrCat("service_account=", key_->service_account_id(),
                      ", key=", key_->key_id(), ", endpoint=", endpoint());
}

absl::Status ServiceAccountTokenSource::SetIdentity(
    wire::CreateIamTokenRequest* request) {
  auto jwt = key_->SignJwt(audience_, clock().Now());
  if (!jwt.ok()) return jwt.status();
  request->set_jwt(*std::move(jwt));
  return absl::OkStatus();
}

OAuthTokenSource::OAuthTokenSource(Secret oauth_token,
                                   std::unique_ptr<IamStub> stub,
                                   std::shared_ptr<Clock> clock)
    : IamTokenSource(std::move(stub), std::move(clock)),
      oauth_token_(std::move(oauth_token)) {}

std::string OAuthTokenSource::DebugString() const {
  return absl::StrCat("endpoint=", endpoint());
}

absl::Status OAuthTokenSource::SetIdentity(
    wire::CreateIamTokenRequest* request) {
  const std::string_view token = oauth_token_.Expose();
  request->set_yandex_passport_oauth_token(token.data(), token.size());
  return absl::OkStatus();
}

}  // namespace aistudio::auth::internal
