#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "aistudio/auth/credentials.h"
#include "grpcpp/support/client_interceptor.h"
#include "src/base/secret.h"

namespace aistudio::auth {
namespace {

using grpc::experimental::InterceptionHookPoints;

// Not a fault of the token, though the service says UNAUTHENTICATED.
bool IsAboutFolder(const grpc::Status& status) {
  return absl::StrContains(absl::AsciiStrToLower(status.error_message()),
                           "folder");
}

class Rejection final : public grpc::experimental::Interceptor {
 public:
  explicit Rejection(std::shared_ptr<const Credentials> credentials)
      : credentials_(std::move(credentials)) {}
  ~Rejection() override { internal::Wipe(header_); }

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      // An interceptor does not see what credentials add further down, so it
      // asks them for the same. A token that changes in between makes the
      // report one about an older token, which does nothing.
      if (auto header = credentials_->AuthorizationHeader(); header.ok()) {
        header_ = *std::move(header);
      }
    }
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::POST_RECV_STATUS)) {
      const grpc::Status* status = methods->GetRecvStatus();
      if (status != nullptr &&
          status->error_code() == grpc::StatusCode::UNAUTHENTICATED &&
          !header_.empty() && !IsAboutFolder(*status)) {
        credentials_->ReportRejected(header_);
      }
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<const Credentials> credentials_;
  std::string header_;
};

class Factory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit Factory(Credentials credentials)
      : credentials_(
            std::make_shared<const Credentials>(std::move(credentials))) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new Rejection(credentials_);
  }

 private:
  const std::shared_ptr<const Credentials> credentials_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
RejectionInterceptor(Credentials credentials) {
  return std::make_unique<Factory>(std::move(credentials));
}

}  // namespace aistudio::auth
