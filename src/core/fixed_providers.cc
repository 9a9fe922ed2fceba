// Providers that have nothing to refresh: no thread, no registry entry.

#include <cstdlib>
#include <iterator>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/text.h"
#include "src/core/provider.h"

namespace aistudio::auth::internal {
namespace {

// What Get says does not change by waiting.
class ImmediateProvider : public Provider {
 public:
  using Provider::Provider;

  Readiness Check(absl::Duration) const final {
    // Also for a failure: Get reports it inline.
    return Readiness::kReady;
  }

  void WhenReady(absl::Duration min_remaining, absl::Duration,
                 std::function<void(absl::Status)> done) const final {
    std::string header;
    absl::Status why;
    const Readiness readiness = Get(min_remaining, header, why);
    Wipe(header);
    done(readiness == Readiness::kReady ? absl::OkStatus() : why);
  }
};

class StaticProvider final : public ImmediateProvider {
 public:
  StaticProvider(std::string method, std::string name, Secret header)
      : ImmediateProvider(std::move(method), std::move(name)),
        header_(std::move(header)) {}

  std::string_view Peek(HazardGuard&) const override {
    return header_.Expose();
  }

  Readiness Get(absl::Duration, std::string& header,
                absl::Status&) const override {
    header = std::string(header_.Expose());
    return Readiness::kReady;
  }

  CredentialsStats Stats() const override {
    CredentialsStats stats;
    stats.method = method();
    stats.provider = name();
    stats.has_token = !header_.empty();
    stats.expires_at = absl::InfiniteFuture();
    stats.generation = 1;
    return stats;
  }

 private:
  const Secret header_;
};

class EnvironmentProvider final : public ImmediateProvider {
 public:
  EnvironmentProvider(std::string method, std::string variable)
      : ImmediateProvider(std::move(method),
                          absl::StrCat("variable=", variable)),
        variable_(std::move(variable)) {}

  Readiness Get(absl::Duration, std::string& header,
                absl::Status& why) const override {
    const char* value = std::getenv(variable_.c_str());
    if (value == nullptr) {
      why = absl::UnauthenticatedError(absl::StrCat(
          "environment variable ", variable_,
          ": is not set; set it to an IAM token, it is read for every call"));
      return Readiness::kFailed;
    }
    std::string token = value;
    absl::Status text =
        CheckSecretText(token, kLongestToken, variable_.c_str());
    if (!text.ok()) {
      Wipe(token);
      why = absl::UnauthenticatedError(
          absl::StrCat("environment variable ", text.message()));
      return Readiness::kFailed;
    }
    header.reserve(7 + token.size());
    header = "Bearer ";
    header += token;
    Wipe(token);
    return Readiness::kReady;
  }

  CredentialsStats Stats() const override {
    CredentialsStats stats;
    stats.method = method();
    stats.provider = name();
    std::string header;
    stats.has_token = Get(absl::ZeroDuration(), header, stats.last_error) ==
                      Readiness::kReady;
    Wipe(header);
    stats.expires_at = absl::InfiniteFuture();
    return stats;
  }

 private:
  const std::string variable_;
};

// Equal fixed credentials share a provider, and with it gRPC's objects.
std::shared_ptr<Provider> Share(
    const std::string& identity,
    const std::function<std::shared_ptr<Provider>()>& make) {
  static auto* mutex = new std::mutex;
  static auto* known =
      new std::unordered_map<std::string, std::weak_ptr<Provider>>;
  std::lock_guard<std::mutex> lock(*mutex);
  std::shared_ptr<Provider> provider = (*known)[identity].lock();
  if (provider == nullptr) {
    for (auto it = known->begin(); it != known->end();) {
      it = it->second.expired() ? known->erase(it) : std::next(it);
    }
    provider = make();
    (*known)[identity] = provider;
  }
  return provider;
}

}  // namespace

std::shared_ptr<Provider> MakeStaticProvider(std::string method,
                                             std::string name, Secret header) {
  // In one piece of memory, so that wiping it leaves no copy behind.
  std::string text;
  text.reserve(method.size() + 1 + header.size());
  text.append(method).append("\n").append(header.Expose());
  const std::string identity = Digest(text);
  Wipe(text);
  return Share(identity, [&] {
    return std::make_shared<StaticProvider>(std::move(method), std::move(name),
                                            std::move(header));
  });
}

std::shared_ptr<Provider> MakeEnvironmentProvider(std::string method,
                                                  std::string variable) {
  const std::string identity = absl::StrCat(method, "\n", variable);
  return Share(identity, [&] {
    return std::make_shared<EnvironmentProvider>(std::move(method),
                                                 std::move(variable));
  });
}

}  // namespace aistudio::auth::internal
