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
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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

constexpr char kMethod[] = "/yandex.cloud.iam.v1.IamTokenService/Create";
constexpr char kRequestIdHeader[] = "x-client-request-id";
constexpr int kMaxResponseSize = 64 * 1024;
constexpr std::size_t kMaxEndpointSize = 255;

absl::Status EndpointFault(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("IamOptions::endpoint: ", what, "; write host:port"));
}

bool IsHost(absl::string_view host, absl::string_view other_characters) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
    return absl::ascii_isalnum(c) ||
           other_characters.find(c) != absl::string_view::npos;
  });
}

bool IsPort(absl::string_view port) {
  int number = 0;
  return port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), &absl::ascii_isdigit) &&
         absl::SimpleAtoi(port, &number) && number >= 1 && number <= 65535;
}

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
    case absl::StatusCode::kUnauthenticated:
      return "check that the key exists and belongs to the service account, or "
             "that the OAuth token is valid, and that this machine's clock is "
             "right";
    case absl::StatusCode::kPermissionDenied:
      return "check that the account is active and may get IAM tokens";
    case absl::StatusCode::kInvalidArgument:
      return "check the service account key or OAuth token";
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
  if (endpoint.empty()) return EndpointFault("is empty");
  if (absl::StrContains(endpoint, "://")) {
    return EndpointFault("holds a scheme");
  }
  absl::string_view host = endpoint;
  absl::string_view port = "443";
  const bool is_v6 = absl::StartsWith(endpoint, "[");
  std::size_t host_end = endpoint.find(is_v6 ? ']' : ':');
  if (is_v6) {
    if (host_end == std::string::npos) return EndpointFault("has no closing ]");
    ++host_end;
  }
  if (host_end < endpoint.size()) {
    if (endpoint[host_end] != ':') return EndpointFault("has no : after ]");
    host = host.substr(0, host_end);
    port = absl::string_view(endpoint).substr(host_end + 1);
  }
  if (!is_v6 && absl::StrContains(port, ":")) {
    return EndpointFault("holds more than one colon, but no [IPv6 address]");
  }
  const bool is_host = is_v6 ? IsHost(host.substr(1, host.size() - 2), ":.%")
                             : IsHost(host, "._-");
  if (!is_host) return EndpointFault("is no host name");
  if (!IsPort(port)) return EndpointFault("has no port from 1 to 65535");
  std::string normalized = absl::StrCat(host, ":", port);
  if (normalized.size() > kMaxEndpointSize) {
    return EndpointFault("is too long");
  }
  return normalized;
}

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
  const auto fail = [this](absl::StatusCode code, const std::string& message,
                           const std::string& where) {
    return absl::Status(code, absl::StrCat(endpoint_, ": ", message, where,
                                           "; ", WhatToDo(code, message)));
  };
  if (timeout <= absl::ZeroDuration()) {
    return fail(absl::StatusCode::kDeadlineExceeded, "no time was left to ask",
                "");
  }
  const gpr_timespec deadline = DeadlineAfter(timeout);
  const std::string request_id = NewRequestId();
  const std::string method = kMethod;
  wire::CreateIamTokenResponse response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.AddMetadata(kRequestIdHeader, request_id);
  grpc::TemplatedGenericStub<wire::CreateIamTokenRequest,
                             wire::CreateIamTokenResponse>
      stub(NewChannel(endpoint_, ssl_));
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
