#include "src/cli/generic_call.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/slice.h"
#include "src/base/text.h"
#include "src/cli/credentials_flags.h"

namespace aistudio::auth::cli {
namespace {

constexpr absl::Duration kWaitForNewHeader = absl::Seconds(5);
constexpr absl::Duration kLookInterval = absl::Milliseconds(20);
constexpr int kLargestResponse = 64 * 1024 * 1024;

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

CallResult CallOnce(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
    const std::string& request, absl::Time deadline,
    const std::function<bool(const std::string&)>& on_response) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  if (done()) {
    const grpc::Slice slice(request);
    const grpc::ByteBuffer message(&slice, 1);
    call->WriteLast(message, grpc::WriteOptions(), nullptr);
    done();
  }
  CallResult result;
  // Also if the write failed: a service may answer before it has read all.
  while (true) {
    grpc::ByteBuffer response;
    call->Read(&response, nullptr);
    if (!done()) break;
    ++result.responses;
    if (!on_response(Bytes(response))) {
      context.TryCancel();
      break;
    }
  }
  call->Finish(&result.status, nullptr);
  done();
  return result;
}

// Empty if there is none now.
std::string CurrentHeader(const Credentials& credentials) {
  return credentials.AuthorizationHeader().value_or("");
}

bool WaitForOtherHeader(const Credentials& credentials, const std::string& old,
                        absl::Time deadline) {
  // An API key or a ready token has no other.
  if (credentials.stats().last_refresh == absl::InfinitePast()) return false;
  const absl::Time end = std::min(deadline, absl::Now() + kWaitForNewHeader);
  while (absl::Now() < end) {
    const std::string header = CurrentHeader(credentials);
    if (!header.empty() && header != old) return true;
    absl::SleepFor(kLookInterval);
  }
  return false;
}

std::string WithoutSecret(const std::string& text,
                          const Credentials& credentials) {
  const std::string header = CurrentHeader(credentials);
  const std::string secret = header.substr(header.find(' ') + 1);
  // A server may name other secrets than ours.
  return internal::HideSecrets(
      secret.empty() ? text
                     : absl::StrReplaceAll(text, {{secret, "[secret]"}}));
}

std::string Printable(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7F) c = '?';
  }
  return text;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelFromFlags(
    const std::string& target, const Credentials& credentials) {
  const auto ssl = SslFromFlags();
  if (!ssl.ok()) return ssl.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestResponse);
  return grpc::CreateCustomChannel(
      target, credentials.channel_credentials(*ssl), arguments);
}

bool LooksLikeSecret(const std::string& target) {
  return internal::HideSecrets(target) != target;
}

bool IsMethod(const std::string& text) {
  const std::size_t slash = text.find('/', 1);
  return text.size() > 1 && text[0] == '/' && slash != std::string::npos &&
         slash > 1 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string::npos &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7F; });
}

CallResult CallMethod(
    const std::shared_ptr<grpc::Channel>& channel,
    const Credentials& credentials, const std::string& method,
    const std::string& request, absl::Duration timeout,
    const std::function<bool(const std::string&)>& on_response) {
  const absl::Time deadline = absl::Now() + timeout;
  // What is reported must be what was sent, so there has to be a token first.
  // If none comes, the call says why.
  if (!credentials.status().ok())
    credentials.WaitUntilReady(timeout).IgnoreError();
  const std::string header = CurrentHeader(credentials);
  CallResult result = CallOnce(channel, method, request, deadline, on_response);
  const bool refused =
      result.status.error_code() == grpc::StatusCode::UNAUTHENTICATED &&
      result.responses == 0 && !header.empty();
  if (!refused) return result;
  credentials.ReportRejected(header);
  if (!WaitForOtherHeader(credentials, header, deadline)) return result;
  return CallOnce(channel, method, request, deadline, on_response);
}

std::string MessageOf(const grpc::Status& status,
                      const Credentials& credentials) {
  std::string text =
      Printable(WithoutSecret(status.error_message(), credentials));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string Explanation(const grpc::Status& status, const std::string& method,
                        const Credentials& credentials) {
  return Printable(WithoutSecret(ExplainStatus(status, method), credentials));
}

}  // namespace aistudio::auth::cli
