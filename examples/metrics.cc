// A service that is monitored: a counter for every attempt to fetch a token,
// and a page of statistics. Alert on failures in a row, and on tokens that soon
// expire; a single failed refresh costs nothing.
//
//   metrics KEY_FILE [IAM_ENDPOINT]

#include <atomic>
#include <iostream>

#include "aistudio/auth/credentials.h"

namespace auth = aistudio::auth;

// Such as counters of a metrics library. Events come on the library's threads.
struct Metrics {
  std::atomic<int> refreshes{0};
  std::atomic<int> failures{0};
  std::atomic<double> slowest_seconds{0};
};

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  static Metrics metrics;  // static: the last event may come at the very end
  auth::ProviderRegistry::Options registry_options;
  registry_options.on_event = [](const auth::RefreshEvent& event) {
    ++(event.status.ok() ? metrics.refreshes : metrics.failures);
    const double seconds = absl::ToDoubleSeconds(event.took);
    if (seconds > metrics.slowest_seconds) metrics.slowest_seconds = seconds;
    if (!event.status.ok()) std::cerr << event.status << "\n";
  };
  const auto registry = auth::ProviderRegistry::Create(registry_options);
  auth::IamOptions options;
  options.refresh.registry = registry;
  if (argc > 2) options.endpoint = argv[2];
  const auto credentials =
      auth::ServiceAccountKeyFileCredentials(argv[1], options);
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  const absl::Status ready = credentials->WaitUntilReady(absl::Seconds(10));

  for (const auth::CredentialsStats& stats : registry->Snapshot()) {
    std::cout << stats.provider << ": refreshes " << stats.refreshes
              << ", failures " << stats.failures << ", in a row "
              << stats.consecutive_failures << ", expires in "
              << absl::FormatDuration(stats.expires_at - absl::Now()) << "\n";
  }
  std::cout << "events: " << metrics.refreshes << " good, " << metrics.failures
            << " bad\n";
  return ready.ok() ? 0 : 1;
}
