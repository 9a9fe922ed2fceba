#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "aistudio/auth/credentials.h"

namespace aistudio::auth {
namespace {

struct MethodRole {
  absl::string_view prefix;
  absl::string_view role;
};

// The first prefix that fits counts. From the documentation of AI Studio's
// roles.
constexpr MethodRole kRoles[] = {
    {"/yandex.cloud.ai.foundation_models.v1.image_generation.",
     "ai.imageGeneration.user"},
    {"/yandex.cloud.ai.foundation_models.", "ai.languageModels.user"},
    {"/yandex.cloud.ai.llm.", "ai.languageModels.user"},
    {"/yandex.cloud.ai.assistants.",
     "ai.assistants.editor and ai.languageModels.user"},
    {"/yandex.cloud.serverless.mcpgateway.", "serverless.mcpGateways.editor"},
};

std::string RoleAdvice(const std::string& method) {
  for (const MethodRole& entry : kRoles) {
    if (absl::StartsWith(method, entry.prefix)) {
      return absl::StrCat(
          "give the account the role ", entry.role,
          " on the folder, and with an API key check its scope");
    }
  }
  return "give the account the role that this method's documentation names, "
         "and "
         "with an API key check its scope";
}

std::string Advice(const grpc::Status& rpc, const std::string& method) {
  const std::string message = absl::AsciiStrToLower(rpc.error_message());
  switch (rpc.error_code()) {
    case grpc::StatusCode::PERMISSION_DENIED:
      return RoleAdvice(method);
    case grpc::StatusCode::UNAUTHENTICATED:
      if (absl::StrContains(message, "folder")) {
        return "name the folder with Credentials::WithFolderId; user accounts "
               "need it";
      }
      if (absl::StrContains(message, "has to be passed")) {
        return "put the credentials on the channel or on the call";
      }
      return "the service refused the token or key: check that it is not "
             "revoked "
             "or expired, and report the header with "
             "Credentials::ReportRejected";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "slow down, or ask for a higher quota";
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "check the network and the channel's target, and try again";
    default:
      return "see the documentation of the method";
  }
}

}  // namespace

std::string ExplainStatus(const grpc::Status& rpc, const std::string& method) {
  if (rpc.ok()) return "";
  if (const absl::Status why = CredentialsError(rpc); !why.ok()) {
    return absl::StrCat(method,
                        " was not sent: ", absl::StatusCodeToString(why.code()),
                        ": ", why.message());
  }
  return absl::StrCat(
      method, " failed: ",
      absl::StatusCodeToString(static_cast<absl::StatusCode>(rpc.error_code())),
      ": ", rpc.error_message(), "; ", Advice(rpc, method));
}

}  // namespace aistudio::auth
