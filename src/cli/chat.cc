// `aistudio-auth chat`.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "aistudio/auth/credentials.h"
#include "aistudio_auth/text_generation.pb.h"
#include "src/cli/commands.h"
#include "src/cli/credentials_flags.h"
#include "src/cli/generic_call.h"
#include "src/cli/input.h"
#include "src/cli/output.h"

ABSL_FLAG(std::string, model, "yandexgpt", "a model, or its whole URI");
ABSL_FLAG(std::string, target, "llm.api.cloud.yandex.net:443",
          "the service to ask");

namespace aistudio::auth::cli {
namespace {

constexpr char kMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion";
constexpr std::size_t kLongestPrompt = 4 * 1024 * 1024;

// Prints an answer as it grows.
class AnswerPrinter {
 public:
  // `text` is all of the answer so far.
  void Show(const std::string& text) {
    if (absl::StartsWith(text, shown_)) {
      Print(absl::string_view(text).substr(shown_.size()));
    } else {
      // What was printed cannot be taken back.
      Print("\n");
      Print(text);
    }
    shown_ = text;
  }

  void Close() {
    if (!shown_.empty()) Print("\n");
  }

  bool empty() const { return shown_.empty(); }

 private:
  // A model is not to be trusted with the terminal.
  static void Print(absl::string_view text) {
    std::string safe(text);
    safe.erase(
        std::remove_if(safe.begin(), safe.end(),
                       [](char c) {
                         const auto byte = static_cast<unsigned char>(c);
                         return (byte < 0x20 && c != '\n' && c != '\t') ||
                                byte == 0x7F;
                       }),
        safe.end());
    std::fwrite(safe.data(), 1, safe.size(), stdout);
    std::fflush(stdout);
  }

  std::string shown_;
};

// Empty if nobody named a folder.
std::string ModelUri() {
  const std::string model = absl::GetFlag(FLAGS_model);
  if (absl::StrContains(model, "://")) return model;
  std::string folder = absl::GetFlag(FLAGS_folder_id);
  if (folder.empty()) {
    const char* const variable = std::getenv("YC_FOLDER_ID");
    if (variable != nullptr) folder = variable;
  }
  return folder.empty() ? "" : absl::StrCat("gpt://", folder, "/", model);
}

std::string RequestBytes(const std::string& model_uri, std::string prompt) {
  aistudio_auth::wire::CompletionRequest request;
  request.set_model_uri(model_uri);
  request.mutable_completion_options()->set_stream(true);
  aistudio_auth::wire::ChatMessage& message = *request.add_messages();
  message.set_role("user");
  message.set_text(std::move(prompt));
  return request.SerializeAsString();
}

// What to say of an answer that ended in `status`; OK if all is well.
absl::Status Verdict(
    aistudio_auth::wire::CompletionResponse::Alternative::Status status,
    bool empty) {
  using Alternative = aistudio_auth::wire::CompletionResponse::Alternative;
  if (status == Alternative::CONTENT_FILTER) {
    return absl::FailedPreconditionError(
        "the model's content filter ended the answer; change the prompt");
  }
  if (status == Alternative::TRUNCATED_FINAL) {
    return absl::OutOfRangeError("the answer was cut off: it is too long");
  }
  if (empty) return absl::DataLossError("the service sent no text");
  return absl::OkStatus();
}

ExitCode Chat(const std::string& model_uri, std::string prompt) {
  const auto credentials = CredentialsFromFlags();
  if (!credentials.ok()) return Fail("chat", credentials.status());
  const auto channel =
      ChannelFromFlags(absl::GetFlag(FLAGS_target), *credentials);
  if (!channel.ok()) return Fail("chat", channel.status());

  using Response = aistudio_auth::wire::CompletionResponse;
  AnswerPrinter printer;
  Response::Alternative::Status last = Response::Alternative::UNSPECIFIED;
  bool readable = true;
  const CallResult result = CallMethod(
      *channel, *credentials, kMethod,
      RequestBytes(model_uri, std::move(prompt)), absl::GetFlag(FLAGS_timeout),
      [&](const std::string& bytes) {
        Response response;
        readable = response.ParseFromString(bytes);
        if (readable && response.alternatives_size() > 0) {
          const Response::Alternative& answer = response.alternatives(0);
          last = answer.status();
          if (!answer.message().text().empty()) {
            printer.Show(answer.message().text());
          }
        }
        return readable;
      });
  printer.Close();
  if (!readable) {
    return Fail("chat", absl::DataLossError(
                            "the service sent what is no CompletionResponse"));
  }
  if (!result.status.ok()) {
    absl::FPrintF(stderr, "aistudio-auth chat: %s\n",
                  Explanation(result.status, kMethod, *credentials));
    return kExitFailed;
  }
  const absl::Status verdict = Verdict(last, printer.empty());
  if (!verdict.ok()) return Fail("chat", verdict);
  return Flushed("chat", kExitOk);
}

ExitCode RunChat(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1 || arguments.front().empty()) {
    return UsageError("chat takes one PROMPT, in quotes, or -", "chat");
  }
  if (LooksLikeSecret(absl::GetFlag(FLAGS_target))) {
    return UsageError("--target looks like a secret", "chat");
  }
  const std::string fault = CredentialsFlagsFault();
  if (!fault.empty()) return UsageError(fault, "chat");
  const std::string model_uri = ModelUri();
  if (model_uri.empty()) {
    return UsageError("chat needs --folder_id, or YC_FOLDER_ID", "chat");
  }
  std::string prompt = arguments.front();
  if (prompt == "-") {
    auto text = ReadInput("PROMPT", prompt, kLongestPrompt);
    if (!text.ok()) return Fail("chat", text.status());
    prompt = *std::move(text);
  }
  return Chat(model_uri, std::move(prompt));
}

}  // namespace

Command ChatCommand() {
  return {
      "chat",
      "asks a model of AI Studio, and prints the answer as it arrives",
      "[flags] PROMPT",
      "Calls TextGenerationService/Completion. A PROMPT of - is read from "
      "stdin. The\n"
      "folder pays: --folder_id, or the variable YC_FOLDER_ID.",
      "aistudio-auth chat --yc --folder_id=b1g... \"What is TLS?\"",
      {"model=M", "target=H:P"},
      &RunChat,
      CredentialsFlags(),
      CredentialsFlagsHelp(),
  };
}

}  // namespace aistudio::auth::cli
