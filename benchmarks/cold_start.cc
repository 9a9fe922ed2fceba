#include "benchmarks/cold_start.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "benchmarks/calls.h"
#include "grpcpp/grpcpp.h"

namespace aistudio::auth::benchmarks {
namespace {

// Gives its token when it is let.
class GatedToken final : public TokenSource {
 public:
  explicit GatedToken(std::string token) : token_(std::move(token)) {}
  absl::StatusOr<Token> Fetch(absl::Time) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
    return Token{token_, absl::Now() + absl::Hours(12)};
  }
  void Cancel() override { Open(); }
  std::string DebugString() const override { return "gated"; }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  const std::string token_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// A number of /proc/self/status, such as "Threads:".
long ProcessStatus(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    long value = 0;
    if (word == name && file >> value) return value;
  }
  return 0;
}

}  // namespace

ColdStart MeasureColdStart(const CloudProcess& cloud, int calls) {
  const auto source = std::make_shared<GatedToken>(cloud.token());
  RefreshOptions options;
  options.fetch_timeout = absl::Minutes(2);
  options.registry = ProviderRegistry::Create();
  const auto credentials = TokenSourceCredentials(source, options);
  if (!credentials.ok()) std::abort();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = cloud.root_certificates();
  const auto channel = grpc::CreateChannel(
      cloud.target(), credentials->channel_credentials(ssl));
  channel->WaitForConnected(std::chrono::system_clock::now() +
                            std::chrono::seconds(10));

  const long threads = ProcessStatus("Threads:");
  const long kilobytes = ProcessStatus("VmRSS:");
  ManyCalls waiting(channel, calls);
  // Long enough for gRPC's pool to grow as far as it wants to.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  ColdStart result;
  result.threads = static_cast<int>(ProcessStatus("Threads:") - threads);
  result.kilobytes_per_call =
      static_cast<double>(ProcessStatus("VmRSS:") - kilobytes) / calls;
  const auto start = std::chrono::steady_clock::now();
  source->Open();
  result.succeeded = waiting.Finish();
  result.seconds_after_token =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return result;
}

}  // namespace aistudio::auth::benchmarks
