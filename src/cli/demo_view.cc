#include "src/cli/demo_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aistudio::auth::cli {
namespace {

constexpr char kHideCursor[] = "\033[?25l";
constexpr char kShowCursor[] = "\033[?25h";
constexpr char kClearToEndOfLine[] = "\033[K";
constexpr char kClearToEndOfScreen[] = "\033[J";

constexpr int kBarWidth = 20;

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool CanRedraw() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && terminal != nullptr &&
         std::string(terminal) != "dumb";
}

std::size_t TerminalWidth() {
  winsize size = {};
  const bool known =
      ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
}

std::string Bar(absl::Duration left, absl::Duration whole) {
  const double share =
      whole > absl::ZeroDuration() ? absl::FDivDuration(left, whole) : 0;
  const int full = std::clamp(static_cast<int>(std::lround(share * kBarWidth)),
                              0, kBarWidth);
  return absl::StrCat("[", std::string(full, '#'),
                      std::string(kBarWidth - full, '.'), "]");
}

std::vector<std::string> Picture(const std::string& title,
                                 const DemoMoment& moment) {
  const double seconds = std::max(0.1, absl::ToDoubleSeconds(moment.elapsed));
  return {
      title,
      "",
      absl::StrFormat("  time to go     %s", Seconds(moment.to_go)),
      absl::StrFormat("  unary calls    %d  (%.0f a second)", moment.load.calls,
                      moment.load.calls / seconds),
      absl::StrFormat("  streams        %d", moment.load.streams),
      absl::StrFormat("  token          generation %d  %s  %s left of %s",
                      moment.generation,
                      Bar(moment.token_left, moment.token_lifetime),
                      Seconds(moment.token_left),
                      absl::FormatDuration(moment.token_lifetime)),
      absl::StrFormat("  refreshes      %d good, %d failed", moment.refreshes,
                      moment.refresh_failures),
      absl::StrFormat("  last refresh   %s", moment.last_refresh),
      absl::StrFormat("  failed RPCs    %d  (%d without a valid header)",
                      moment.load.failed, moment.refused),
  };
}

std::string Line(const DemoMoment& moment) {
  return absl::StrFormat(
      "%3.0f s  calls %d  streams %d  token %d (%s left)  refreshes %d  "
      "failures %d  failed RPCs %d\n",
      absl::ToDoubleSeconds(moment.elapsed), moment.load.calls,
      moment.load.streams, moment.generation, Seconds(moment.token_left),
      moment.refreshes, moment.refresh_failures, moment.load.failed);
}

}  // namespace

DemoView::DemoView(std::string title)
    : title_(std::move(title)), live_(CanRedraw()) {
  Print(live_ ? std::string(kHideCursor) : absl::StrCat(title_, "\n"));
}

void DemoView::Show(const DemoMoment& moment) {
  if (live_) {
    Draw(moment);
  } else if (moment.elapsed >= next_line_) {
    Print(Line(moment));
    next_line_ =
        absl::Floor(moment.elapsed, absl::Seconds(1)) + absl::Seconds(1);
  }
}

void DemoView::Close() {
  if (live_ && open_) Print(kShowCursor);
  open_ = false;
}

void DemoView::Draw(const DemoMoment& moment) {
  std::string screen = "\r";
  if (lines_drawn_ > 0) absl::StrAppend(&screen, "\033[", lines_drawn_, "A");
  const std::vector<std::string> lines = Picture(title_, moment);
  // A line that wraps would count as two when the cursor goes back up.
  const std::size_t width = TerminalWidth() - 1;
  for (const std::string& line : lines) {
    absl::StrAppend(&screen, line.substr(0, width), kClearToEndOfLine, "\n");
  }
  absl::StrAppend(&screen, kClearToEndOfScreen);
  lines_drawn_ = lines.size();
  Print(screen);
}

}  // namespace aistudio::auth::cli
