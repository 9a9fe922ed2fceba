#include "src/testing/fake_text_generation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "aistudio_auth/text_generation.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth::testing::internal {
namespace {

using aistudio_auth::wire::ChatMessage;
using aistudio_auth::wire::CompletionRequest;
using aistudio_auth::wire::CompletionResponse;
using Alternative = CompletionResponse::Alternative;
using Words = std::vector<std::string>;

// Between the parts of an answer: fast for a model, and enough to see it grow.
constexpr absl::Duration kPause = absl::Milliseconds(20);
constexpr std::size_t kMostParts = 8;

grpc::Status Invalid(const std::string& field, const std::string& fault) {
  return grpc::Status(
      grpc::StatusCode::INVALID_ARGUMENT,
      absl::StrCat("Validation failed:\n  - ", field, ": ", fault));
}

std::optional<CompletionRequest> Parse(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return std::nullopt;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  CompletionRequest request;
  if (!request.ParseFromString(bytes)) return std::nullopt;
  return request;
}

// gpt://<folder>/<model>[/<version>]
bool IsModelUri(const std::string& uri) {
  const Words parts = absl::StrSplit(uri, '/');
  return parts.size() >= 4 && absl::EndsWith(parts[0], ":") &&
         parts[1].empty() && !parts[2].empty() && !parts[3].empty();
}

grpc::Status Check(const CompletionRequest& request) {
  if (request.model_uri().empty()) {
    return Invalid("model_uri", "Field is required");
  }
  if (!IsModelUri(request.model_uri())) {
    return Invalid("model_uri", "Must be gpt://<folder ID>/<model>");
  }
  if (request.messages().empty()) {
    return Invalid("messages", "Field is required");
  }
  for (const ChatMessage& message : request.messages()) {
    if (message.text().empty()) {
      return Invalid("messages.text", "Field is required");
    }
  }
  const auto& options = request.completion_options();
  if (options.has_max_tokens() && options.max_tokens().value() <= 0) {
    return Invalid("completion_options.max_tokens", "Must be greater than 0");
  }
  return grpc::Status::OK;
}

Words WordsOf(const std::string& text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

grpc::ByteBuffer Serialize(const CompletionResponse& response) {
  const grpc::Slice slice(response.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// A token is a word: the count need not be a real model's.
class Answer {
 public:
  explicit Answer(const CompletionRequest& request)
      : words_(WordsOf(
            absl::StrCat("You said: ", request.messages().rbegin()->text()))) {
    for (const ChatMessage& message : request.messages()) {
      input_ += static_cast<std::int64_t>(WordsOf(message.text()).size());
    }
    const auto& options = request.completion_options();
    if (options.has_max_tokens() &&
        options.max_tokens().value() <
            static_cast<std::int64_t>(words_.size())) {
      words_.resize(static_cast<std::size_t>(options.max_tokens().value()));
      end_ = Alternative::TRUNCATED_FINAL;
    }
  }

  std::size_t size() const { return words_.size(); }

  // What there is after so many words.
  CompletionResponse Until(std::size_t count) const {
    CompletionResponse response;
    Alternative& alternative = *response.add_alternatives();
    alternative.mutable_message()->set_role("assistant");
    alternative.mutable_message()->set_text(absl::StrJoin(
        words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(count),
        " "));
    alternative.set_status(count < size() ? Alternative::PARTIAL : end_);
    const auto completion = static_cast<std::int64_t>(count);
    response.mutable_usage()->set_input_text_tokens(input_);
    response.mutable_usage()->set_completion_tokens(completion);
    response.mutable_usage()->set_total_tokens(input_ + completion);
    response.set_model_version("fake");
    return response;
  }

 private:
  Words words_;
  std::int64_t input_ = 0;
  Alternative::Status end_ = Alternative::FINAL;
};

class TextGenerationHandler final : public CallHandler {
 public:
  explicit TextGenerationHandler(ServerCall* call) : call_(call) {}

  void OnMessage(const grpc::ByteBuffer& message) override {
    const std::optional<CompletionRequest> request = Parse(message);
    if (!request.has_value()) {
      Finish(grpc::Status(grpc::StatusCode::INTERNAL,
                          "the request is no CompletionRequest"));
      return;
    }
    const grpc::Status fault = Check(*request);
    if (!fault.ok()) {
      Finish(fault);
      return;
    }
    const Answer answer(*request);
    if (request->completion_options().stream()) {
      const std::size_t step = answer.size() / kMostParts + 1;
      for (std::size_t count = step; count < answer.size(); count += step) {
        call_->Write(Serialize(answer.Until(count)), kPause);
      }
    }
    call_->Write(Serialize(answer.Until(answer.size())), kPause);
    Finish(grpc::Status::OK);
  }

  void OnHalfClose() override {
    Finish(grpc::Status(grpc::StatusCode::INTERNAL, "there is no request"));
  }

 private:
  void Finish(const grpc::Status& status) {
    call_->Finish(status, absl::ZeroDuration());
  }

  ServerCall* const call_;
};

}  // namespace

std::unique_ptr<CallHandler> MakeTextGenerationHandler(ServerCall* call) {
  return std::make_unique<TextGenerationHandler>(call);
}

}  // namespace aistudio::auth::testing::internal
