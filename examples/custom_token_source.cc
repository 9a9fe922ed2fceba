// Tokens that no ready method can fetch: from a vault, a broker, a service of
// your own. A TokenSource fetches one token; caching, refreshing ahead of
// expiry, retrying and sharing are the library's. This one asks a program that
// prints a token which lives an hour.
//
//   custom_token_source PROGRAM

#include <sys/wait.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "aistudio/auth/credentials.h"

namespace auth = aistudio::auth;

class ProgramTokens final : public auth::TokenSource {
 public:
  explicit ProgramTokens(std::string program) : program_(std::move(program)) {}

  absl::StatusOr<auth::Token> Fetch(absl::Time /*deadline*/) override {
    const absl::Time expires_at = absl::Now() + absl::Hours(1);
    std::FILE* const pipe = popen(program_.c_str(), "r");
    if (pipe == nullptr) return absl::UnavailableError("cannot start it");
    std::string token;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) {
      token.push_back(static_cast<char>(c));
    }
    const int status = pclose(pipe);
    // A permanent error ends the waiting of calls at once.
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
      return absl::NotFoundError("there is no such program; install it");
    }
    // Of a transient one they hear nothing while it is tried again.
    if (status != 0) return absl::UnavailableError("the program failed");
    return auth::Token{token, expires_at};
  }

  std::string DebugString() const override { return program_; }

 private:
  const std::string program_;
};

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto credentials =
      auth::TokenSourceCredentials(std::make_shared<ProgramTokens>(argv[1]));
  if (!credentials.ok()) {
    std::cerr << credentials.status() << "\n";
    return 1;
  }
  const absl::Status ready = credentials->WaitUntilReady(absl::Seconds(10));
  std::cout << credentials->DebugString() << ": " << ready << "\n";
  return ready.ok() ? 0 : 1;
}
