#include "src/grpc/error_format.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "aistudio/auth/credentials.h"
#include "src/core/refresh_policy.h"

namespace aistudio::auth {
namespace internal {
namespace {

constexpr absl::string_view kGrpcPrefix =
    "Getting metadata from plugin failed with error: ";
constexpr absl::string_view kOurPrefix = "aistudio-auth[";

// Takes what stands before `end` off the front of `text`; false if `end` is
// missing.
bool Consume(absl::string_view& text, absl::string_view end,
             absl::string_view& before) {
  const std::size_t at = text.find(end);
  if (at == absl::string_view::npos) return false;
  before = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return true;
}

absl::StatusCode CodeNamed(absl::string_view name) {
  for (int number = 1; number <= 16; ++number) {
    const auto code = static_cast<absl::StatusCode>(number);
    if (absl::StatusCodeToString(code) == name) return code;
  }
  return absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status NameMethod(const std::string& method, const absl::Status& error) {
  if (error.ok()) return error;
  return absl::Status(error.code(),
                      absl::StrCat(method, ": ", error.message()));
}

grpc::Status ToPluginStatus(const std::string& method,
                            const absl::Status& error) {
  // Only codes that gRFC A54 allows here, should gRPC keep them one day.
  return grpc::Status(
      IsPermanent(error.code()) ? grpc::StatusCode::UNAUTHENTICATED
                                : grpc::StatusCode::UNAVAILABLE,
      absl::StrCat(kOurPrefix, method,
                   "]: ", absl::StatusCodeToString(error.code()), ": ",
                   error.message()));
}

}  // namespace internal

absl::Status CredentialsError(const grpc::Status& rpc) {
  if (rpc.ok()) return absl::OkStatus();
  const std::string message = rpc.error_message();
  absl::string_view rest = message;
  if (absl::StartsWith(rest, internal::kGrpcPrefix)) {
    rest.remove_prefix(internal::kGrpcPrefix.size());
  }
  // Only at the front: a service may quote such a text in an error of its own.
  if (!absl::StartsWith(rest, internal::kOurPrefix)) return absl::OkStatus();
  rest.remove_prefix(internal::kOurPrefix.size());
  absl::string_view method;
  absl::string_view code;
  if (!internal::Consume(rest, "]: ", method) ||
      !internal::Consume(rest, ": ", code)) {
    return absl::OkStatus();
  }
  return absl::Status(internal::CodeNamed(code),
                      absl::StrCat(method, ": ", rest));
}

}  // namespace aistudio::auth
