// A service account, by way of other credentials.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/grpc/credentials_state.h"
#include "src/grpc/error_format.h"
#include "src/io/iam_stub.h"
#include "src/methods/iam_methods.h"
#include "src/sources/impersonated_source.h"

namespace aistudio::auth {
namespace {

class ImpersonatedAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "ImpersonatedAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

// The limit of the request's field in the service's API.
constexpr std::size_t kLongestId = 50;

// Keeps the base's provider, and so its token, alive.
class Base final : public internal::ImpersonationBase {
 public:
  explicit Base(std::shared_ptr<const internal::Attachment> attachment)
      : attachment_(std::move(attachment)) {}

  void WhenReady(absl::Duration timeout,
                 std::function<void(absl::Status)> done) const override {
    provider().WhenReady(attachment_->min_remaining(), timeout,
                         std::move(done));
  }
  absl::StatusOr<std::string> Header() const override {
    std::string header;
    absl::Status why;
    if (provider().Get(attachment_->min_remaining(), header, why) !=
        internal::Readiness::kReady) {
      return why;
    }
    return header;
  }
  void ReportRejected(const std::string& header) const override {
    provider().ReportRejected(header);
  }
  std::string DebugString() const override {
    return attachment_->DebugString();
  }

 private:
  const internal::Provider& provider() const { return attachment_->provider(); }

  const std::shared_ptr<const internal::Attachment> attachment_;
};

absl::Status CheckBase(const internal::Attachment& base,
                       const std::string& iam_endpoint) {
  const std::string& method = base.provider().method();
  if (method == "ApiKeyAuth" || method == "NoAuth") {
    return absl::InvalidArgumentError(absl::StrCat(
        "base: is ", method,
        ", but IAM takes IAM tokens only; pass credentials that have one, such "
        "as ServiceAccountKeyCredentials"));
  }
  if (!base.misuse().ok()) return base.misuse();
  const auto endpoint = internal::NormalizeEndpoint(iam_endpoint);
  if (!endpoint.ok()) return endpoint.status();
  // The header goes there.
  return base.CheckHost(absl::StrCat("https://", *endpoint));
}

absl::Status CheckId(const std::string& id) {
  const bool is_id =
      !id.empty() && id.size() <= kLongestId &&
      std::all_of(id.begin(), id.end(),
                  [](unsigned char c) {
                    return absl::ascii_isalnum(c) || c == '-' || c == '_';
                  }) &&
      internal::Redact(id) == id;
  if (is_id) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "service_account_id: is not the id of a service account; pass it as the "
      "console shows it, such as aje...");
}

}  // namespace

absl::StatusOr<Credentials> ImpersonatedCredentials(
    Credentials base, std::string service_account_id, IamOptions options) {
  const auto attachment = internal::CredentialsState::AttachmentOf(base);
  absl::Status checked = CheckId(service_account_id);
  if (checked.ok()) checked = CheckBase(*attachment, options.endpoint);
  if (!checked.ok())
    return internal::NameMethod(ImpersonatedAuth::kName, checked);

  internal::IamMethod method;
  method.name = ImpersonatedAuth::kName;
  method.make_plugin = internal::NewPlugin<ImpersonatedAuth>;
  // The address tells providers of all registries apart, and goes to no other
  // while the source of these credentials holds this one.
  method.identity =
      absl::StrCat(reinterpret_cast<std::uintptr_t>(&attachment->provider()),
                   " ", absl::FormatDuration(attachment->min_remaining()), " ",
                   service_account_id);
  method.make_source = [&](std::unique_ptr<internal::IamStub> stub,
                           std::shared_ptr<Clock> clock) {
    return std::make_shared<internal::ImpersonatedSource>(
        std::make_shared<Base>(attachment), service_account_id, std::move(stub),
        std::move(clock));
  };
  return internal::IamCredentials(method, options);
}

}  // namespace aistudio::auth
