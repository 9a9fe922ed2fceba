#include "src/io/iam_stub.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/token_source.h"
#include "grpc/grpc.h"
#include "grpc/support/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/status.h"
#include "openssl/rand.h"
#include "src/base/text.h"
#include "src/io/endpoint.h"
#if __has_include("grpcpp/impl/proto_utils.h")
#include "grpcpp/impl/proto_utils.h"
#else
#include "grpcpp/impl/codegen/proto_utils.h"
#endif

#ifndef AISTUDIO_AUTH_VERSION
#define AISTUDIO_AUTH_VERSION "dev"
#endif

namespace aistudio::auth::internal {
namespace {

namespace wire = ::aistudio_auth::wire;

constexpr char kRequestIdHeader[] = "x-client-request-id";
constexpr char kAuthorizationHeader[] = "authorization";
constexpr int kMaxResponseSize = 64 * 1024;

// A version 4 UUID.
std::string NewRequestId() {
  std::array<unsigned char, 16> bytes = {};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  bytes[6] = static_cast<unsigned char>(0x40 | (bytes[6] & 0x0F));
  bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3F));
  std::string id = absl::BytesToHexString(
      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  for (const std::size_t position : {20, 16, 12, 8})
    id.insert(position, 1, '-');
  return id;
}

std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& endpoint, const grpc::SslCredentialsOptions& ssl) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The refresher decides when to try again.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(kMaxResponseSize);
  arguments.SetUserAgentPrefix("aistudio-auth-cpp/" AISTUDIO_AUTH_VERSION);
  // Spelled out, or a host called "unix" would be a socket. But gRPC takes no
  // brackets in a URI.
  const std::string target = absl::StartsWith(endpoint, "[")
                                 ? endpoint
                                 : absl::StrCat("dns:///", endpoint);
  return grpc::CreateCustomChannel(target, grpc::SslCredentials(ssl),
                                   arguments);
}

gpr_timespec DeadlineAfter(absl::Duration timeout) {
  // A day is forever enough here and keeps the arithmetic in range.
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(absl::ToInt64Microseconds(std::min(
                                               timeout, absl::Hours(24))),
                                           GPR_TIMESPAN));
}

const char* WhatToDo(absl::StatusCode code, const std::string& message) {
  const std::string lower = absl::AsciiStrToLower(message);
  switch (code) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kUnimplemented:
      return "check IamOptions::endpoint";
    case absl::StatusCode::kUnavailable:
      // The last is what gRPC makes of root certificates that it cannot read.
      if (absl::StrContains(lower, "handshake") ||
          absl::StrContains(lower, "certificate") ||
          absl::StrContains(lower, "ssl") ||
          absl::StrContains(lower, "empty address list")) {
        return "check IamOptions::ssl and what answers at "
               "IamOptions::endpoint; it is tried again";
      }
      [[fallthrough]];
    case absl::StatusCode::kDeadlineExceeded:
      return "check the network, the proxy and IamOptions::endpoint; it is "
             "tried again";
    default:
      return "it is tried again; if it lasts, ask the support with the "
             "request id";
  }
}

const char* WhatToDoToCreate(absl::StatusCode code,
                             const std::string& message) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return "check that the key exists and belongs to the service account, or "
             "that the OAuth token is valid, and that this machine's clock is "
             "right";
    case absl::StatusCode::kPermissionDenied:
      return "check that the account is active and may get IAM tokens";
    case absl::StatusCode::kInvalidArgument:
      return "check the service account key or OAuth token";
    default:
      return WhatToDo(code, message);
  }
}

const char* WhatToDoToImpersonate(absl::StatusCode code,
                                  const std::string& message) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return "check the base credentials: IAM refused their token";
    case absl::StatusCode::kPermissionDenied:
      return "give the account of the base credentials the role "
             "iam.serviceAccounts.tokenCreator on the service account or its "
             "folder";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return "check service_account_id";
    default:
      return WhatToDo(code, message);
  }
}

absl::StatusCode CodeOf(const grpc::Status& status) {
  const int code = static_cast<int>(status.error_code());
  // The wire carries any number.
  return code >= 1 && code <= 16 ? static_cast<absl::StatusCode>(code)
                                 : absl::StatusCode::kUnknown;
}

// google.rpc.RetryInfo in the details of `status`; zero if there is none.
absl::Duration RetryDelay(const grpc::Status& status) {
  wire::RpcStatus details;
  if (!details.ParseFromString(status.error_details())) {
    return absl::ZeroDuration();
  }
  for (const auto& detail : details.details()) {
    wire::RetryInfo info;
    if (absl::EndsWith(detail.type_url(), "/google.rpc.RetryInfo") &&
        info.ParseFromString(detail.value())) {
      return absl::Seconds(info.retry_delay().seconds()) +
             absl::Nanoseconds(info.retry_delay().nanos());
    }
  }
  return absl::ZeroDuration();
}

}  // namespace

absl::StatusOr<std::string> NormalizeEndpoint(const std::string& endpoint) {
  return NormalizeHostPort(endpoint, 443, "IamOptions::endpoint",
                           "write host:port");
}

struct IamStub::Rpc {
  const char* method;
  const char* (*what_to_do)(absl::StatusCode code, const std::string& message);
};

// Makes a call known to Cancel as long as it lives.
class IamStub::Running {
 public:
  Running(IamStub* stub, grpc::ClientContext* context) : stub_(*stub) {
    std::lock_guard<std::mutex> lock(stub_.mutex_);
    stub_.running_ = context;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    std::lock_guard<std::mutex> lock(stub_.mutex_);
    stub_.running_ = nullptr;
  }

 private:
  IamStub& stub_;
};

IamStub::IamStub(std::string endpoint, grpc::SslCredentialsOptions ssl)
    : endpoint_(std::move(endpoint)), ssl_(std::move(ssl)) {}

absl::StatusOr<wire::CreateIamTokenResponse> IamStub::Create(
    const wire::CreateIamTokenRequest& request, absl::Duration timeout) {
  return Call({"/yandex.cloud.iam.v1.IamTokenService/Create", WhatToDoToCreate},
              request, /*authorization=*/"", timeout);
}

absl::StatusOr<wire::CreateIamTokenResponse> IamStub::CreateForServiceAccount(
    const wire::CreateIamTokenForServiceAccountRequest& request,
    const std::string& authorization, absl::Duration timeout) {
  return Call({"/yandex.cloud.iam.v1.IamTokenService/CreateForServiceAccount",
               WhatToDoToImpersonate},
              request, authorization, timeout);
}

template <typename Request>
absl::StatusOr<wire::CreateIamTokenResponse> IamStub::Call(
    const Rpc& rpc, const Request& request, const std::string& authorization,
    absl::Duration timeout) {
  const auto fail = [&](absl::StatusCode code, const std::string& message,
                        const std::string& where) {
    return absl::Status(code,
                        absl::StrCat(endpoint_, ": ", message, where, "; ",
                                     rpc.what_to_do(code, message)));
  };
  if (timeout <= absl::ZeroDuration()) {
    return fail(absl::StatusCode::kDeadlineExceeded, "no time was left to ask",
                "");
  }
  const gpr_timespec deadline = DeadlineAfter(timeout);
  const std::string request_id = NewRequestId();
  const std::string method = rpc.method;
  wire::CreateIamTokenResponse response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.AddMetadata(kRequestIdHeader, request_id);
  if (!authorization.empty()) {
    context.AddMetadata(kAuthorizationHeader, authorization);
  }
  grpc::TemplatedGenericStub<Request, wire::CreateIamTokenResponse> stub(
      NewChannel(endpoint_, ssl_));
  bool timed_out = false;
  bool complete = false;  // with a message that could be read
  {
    const Running running(this, &context);
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, &status);
    void* tag = nullptr;
    if (queue.AsyncNext(&tag, &complete, deadline) ==
        grpc::CompletionQueue::TIMEOUT) {
      timed_out = true;
      context.TryCancel();
      queue.Next(&tag, &complete);
    }
    queue.Shutdown();
    bool ignored = false;
    while (queue.Next(&tag, &ignored)) {
    }
  }
  if (status.ok() && complete) return response;

  const std::string where = absl::StrCat(" [request id ", request_id, "]");
  if (status.ok()) {
    return fail(absl::StatusCode::kInternal, "the answer cannot be read",
                where);
  }
  if (timed_out && status.error_code() == grpc::StatusCode::CANCELLED) {
    return fail(
        absl::StatusCode::kDeadlineExceeded,
        absl::StrCat("no answer within ", absl::FormatDuration(absl::Trunc(
                                              timeout, absl::Milliseconds(1)))),
        where);
  }
  std::string message = Redact(status.error_message());
  if (message.empty()) message = "no reason was given";
  return WithRetryDelay(fail(CodeOf(status), message, where),
                        RetryDelay(status));
}

void IamStub::Cancel() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (running_ != nullptr) running_->TryCancel();
}

}  // namespace aistudio::auth::internal
