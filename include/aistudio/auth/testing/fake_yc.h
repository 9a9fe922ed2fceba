// The `yc` command line of a FakeCloud.

#ifndef AISTUDIO_AUTH_TESTING_FAKE_YC_H_
#define AISTUDIO_AUTH_TESTING_FAKE_YC_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "aistudio/auth/options.h"

namespace aistudio::auth::testing {

namespace internal {
class FakeCloudImpl;
class FakeYcImpl;
}  // namespace internal

// A shell script that prints a live token, as `yc iam create-token` does, in a
// private folder that goes with the cloud. It is made when first asked for.
//
// Thread safety: all methods may be called from any thread; a run takes the
// behavior of the moment it starts.
class FakeYc {
 public:
  // What goes wrong.
  enum class Fault {
    kNone,
    kHang,           // never ends by itself
    kIgnoreSigterm,  // nor when asked to
    kStop,           // stops itself, as by `kill -STOP`
    kFloodOutput,    // prints without end
    kFloodErrors,    // prints 1 MiB to stderr, and goes on
    kKeepPipesOpen,  // leaves a child behind that holds stdout and stderr
    kKillItself,     // ends by SIGKILL
  };

  // A run prints before_token and error_text, meets its fault, prints the token
  // and after_token, and ends with exit_code.
  struct Behavior {
    Fault fault = Fault::kNone;
    bool print_token = true;
    std::string before_token;  // to stdout
    std::string after_token;   // to stdout
    std::string error_text;    // to stderr
    int exit_code = 0;
  };

  struct Run {
    int process_id = 0;
    std::vector<std::string> arguments;  // without the command itself
  };

  // The path of the script.
  std::string command() const;

  // Options for the factory, with that command.
  CliOptions options() const;

  // How it behaves from now on. Default: it prints the token.
  void SetBehavior(const Behavior& behavior);

  // Prints a new token from now on, which AI Studio takes for `lifetime`.
  void NewToken(absl::Duration lifetime = absl::Hours(12));

  // What it prints.
  std::string token() const;

  // Its runs, oldest first, and the children they left.
  std::vector<Run> runs() const;
  std::vector<int> children() const;

 private:
  friend class internal::FakeCloudImpl;
  explicit FakeYc(internal::FakeYcImpl* impl) : impl_(impl) {}
  internal::FakeYcImpl* impl_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_FAKE_YC_H_
