// Tokens from a source of the application's own.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/text.h"
#include "src/core/retry_delay.h"
#include "src/grpc/error_format.h"
#include "src/methods/refreshing.h"

namespace aistudio::auth {
namespace {

class TokenSourceAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "TokenSourceAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

std::string NameOf(const TokenSource& source) {
  std::string name;
  try {
    name = internal::Redact(source.DebugString());
  } catch (...) {
    // Named below, as one that says nothing.
  }
  return name.empty() ? "token source" : name;
}

// Keeps what the application's code says of itself fit to be shown.
class NamedSource final : public TokenSource {
 public:
  NamedSource(std::shared_ptr<TokenSource> source, std::string name)
      : source_(std::move(source)), name_(std::move(name)) {}

  absl::StatusOr<Token> Fetch(absl::Time deadline) override {
    absl::StatusOr<Token> token = source_->Fetch(deadline);
    if (token.ok()) return token;
    absl::Status error(
        token.status().code(),
        absl::StrCat(name_, ": ",
                     internal::Redact(std::string(token.status().message()))));
    const auto delay = internal::RetryDelayOf(token.status());
    return delay.has_value() ? WithRetryDelay(std::move(error), *delay) : error;
  }

  void Cancel() override { source_->Cancel(); }
  std::string DebugString() const override { return name_; }

 private:
  const std::shared_ptr<TokenSource> source_;
  const std::string name_;
};

}  // namespace

absl::StatusOr<Credentials> TokenSourceCredentials(
    std::shared_ptr<TokenSource> source, RefreshOptions options) {
  if (source == nullptr) {
    return internal::NameMethod(
        TokenSourceAuth::kName,
        absl::InvalidArgumentError("source: is null; pass a TokenSource"));
  }
  internal::ProviderSpec spec;
  spec.method = TokenSourceAuth::kName;
  spec.name = NameOf(*source);
  spec.where = spec.name;
  // One provider only, whatever the options: a source is asked by one thread at
  // a time.
  spec.identity = absl::StrCat(spec.method, " ",
                               reinterpret_cast<std::uintptr_t>(source.get()));
  spec.settings = internal::DescribeRefresh(options);
  spec.source = std::make_shared<NamedSource>(std::move(source), spec.name);
  return internal::ShareCredentials(std::move(spec), options,
                                    internal::kIamMaxAge,
                                    internal::NewPlugin<TokenSourceAuth>);
}

}  // namespace aistudio::auth
