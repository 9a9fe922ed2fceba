// What the demo shows while it runs.

#ifndef AISTUDIO_AUTH_SRC_CLI_DEMO_VIEW_H_
#define AISTUDIO_AUTH_SRC_CLI_DEMO_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "src/cli/demo_load.h"

namespace aistudio::auth::cli {

// One moment of the demo.
struct DemoMoment {
  absl::Duration elapsed;
  absl::Duration to_go;
  DemoLoad::Counts load;
  std::int64_t refused = 0;  // by the server, for want of a valid header
  std::int64_t generation = 0;
  absl::Duration token_left;
  absl::Duration token_lifetime;
  std::int64_t refreshes = 0;
  std::int64_t refresh_failures = 0;
  std::string last_refresh;  // how it went
};

// On a terminal, a picture redrawn in place; otherwise a line a second.
//
// Thread safety: none.
class DemoView {
 public:
  explicit DemoView(std::string title);
  ~DemoView() { Close(); }
  DemoView(const DemoView&) = delete;
  DemoView& operator=(const DemoView&) = delete;

  // To be called several times a second.
  void Show(const DemoMoment& moment);

  // Gives the terminal back.
  void Close();

 private:
  void Draw(const DemoMoment& moment);

  const std::string title_;
  const bool live_;
  bool open_ = true;
  std::size_t lines_drawn_ = 0;
  absl::Duration next_line_ = absl::Seconds(1);
};

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_DEMO_VIEW_H_
