// A tool that takes whatever credentials the environment offers, says which,
// and makes sure of them before it starts to work. A server does better with
// the one method it is meant to use; the check is good for both.
//
//   detect_and_check

#include <iostream>

#include "aistudio/auth/credentials.h"

namespace auth = aistudio::auth;

int main() {
  auth::DefaultOptions options;
  options.on_step = [](const auth::DetectionStep& step) {
    std::cerr << step.number << " " << step.name << ": "
              << (step.chosen ? "chosen, " : "passed over, ") << step.reason
              << "\n";
    if (!step.warning.empty()) std::cerr << "  mind: " << step.warning << "\n";
  };
  const auto credentials = auth::DefaultCredentials(options);
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }

  // Fails at once for what waiting does not mend, such as a deleted key.
  const absl::Status ready = credentials->WaitUntilReady(absl::Seconds(10));
  if (!ready.ok()) {
    std::cerr << "cannot start: " << ready << "\n";
    return 1;
  }
  std::cout << "ready: " << credentials->DebugString() << "\n";
  return 0;
}
