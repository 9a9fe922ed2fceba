// Looks for secrets in texts, and gathers the texts.

#ifndef AISTUDIO_AUTH_TESTS_LEAK_TESTING_H_
#define AISTUDIO_AUTH_TESTS_LEAK_TESTING_H_

#include <cstdio>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth {

// Takes what this process writes to stdout and stderr, by whatever way.
class OutputCapture {
 public:
  OutputCapture();
  ~OutputCapture() { Stop(); }
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  // Ends it, and returns what was written.
  std::string Stop();

 private:
  std::FILE* const file_;
  const int stdout_;
  const int stderr_;
  bool stopped_ = false;
};

// Knows secrets and texts, and finds any 12 bytes of the one in the other, also
// in base64 or percent-encoded.
//
// Thread safety: all methods may be called from any thread.
class LeakDetector {
 public:
  void AddSecret(const std::string& secret);

  void AddText(const std::string& where, const std::string& text);
  void AddStatus(const std::string& where, const absl::Status& status);
  void AddStats(const std::string& where, const CredentialsStats& stats);
  void AddEvent(const RefreshEvent& event);

  // Both what gRPC shows and what CredentialsError makes of it.
  void AddRpc(const std::string& where, const grpc::Status& status);

  // Everything that `credentials` say of themselves. The header they would send
  // is a secret from then on.
  void AddCredentials(const std::string& where, const Credentials& credentials);

  // What was found, one line each. What looks like a token or a JWT is found
  // even if it was never added.
  std::vector<std::string> FindLeaks() const;

 private:
  void AddRuns(const std::string& text);  // with `mutex_` held

  mutable std::mutex mutex_;
  std::unordered_set<std::string> runs_;
  std::vector<std::pair<std::string, std::string>> texts_;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_LEAK_TESTING_H_
