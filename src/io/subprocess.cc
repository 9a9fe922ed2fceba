#include "src/io/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/base/secret.h"
#include "src/io/spawn.h"

namespace aistudio::auth::internal {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Between SIGTERM and SIGKILL.
constexpr auto kGrace = std::chrono::milliseconds(500);

constexpr int kShortestLookMs = 1;
constexpr int kLongestLookMs = 20;

class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File() { Close(); }

  int get() const { return descriptor_; }
  void Close() {
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_ = -1;
};

// Where a daemon has closed its standard files, a new pipe would take their
// numbers, and the child's own would be put on top of it.
bool MoveAside(File& file) {
  if (file.get() > STDERR_FILENO) return true;
  file = File(fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return file.get() >= 0;
}

bool MakePipe(File& reading, File& writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  reading = File(ends[0]);
  writing = File(ends[1]);
  return MoveAside(reading) && MoveAside(writing) &&
         fcntl(reading.get(), F_SETFL, O_NONBLOCK) == 0;
}

// What a program prints, from its pipe.
class Stream {
 public:
  // In one piece of memory, so that wiping it leaves no copy behind.
  Stream() { text_.reserve(Subprocess::kLongestOutput + 1); }
  ~Stream() { Wipe(text_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  File& pipe() { return pipe_; }
  bool open() const { return pipe_.get() >= 0; }
  bool overflows() const { return text_.size() > Subprocess::kLongestOutput; }
  std::string TakeText() {
    if (overflows()) text_.resize(Subprocess::kLongestOutput);
    return std::move(text_);
  }

  // Reads what is there, a piece at a time. False if there is no more of it.
  bool ReadPiece() {
    if (!open()) return false;
    ssize_t size = 0;
    do {
      size = read(pipe_.get(), piece_.data(), piece_.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) {
      pipe_.Close();
      return false;
    }
    const std::size_t room = Subprocess::kLongestOutput + 1 - text_.size();
    text_.append(piece_.data(), std::min(room, static_cast<std::size_t>(size)));
    std::memset(piece_.data(), 0, piece_.size());
    return true;
  }

  // Not endless, should somebody go on writing.
  void ReadRest() {
    while (!overflows() && ReadPiece()) {
    }
  }

 private:
  File pipe_;
  std::string text_;
  std::array<char, 4096> piece_;
};

// Whether `process` is gone or a zombie. It stays one for now: its number,
// which is also the group's, must not go to another process.
bool HasEnded(pid_t process) {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(process), &info,
                WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid != 0;
}

void Reap(pid_t process, ProcessResult& result) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(process, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != process) return;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
}

absl::Status Cancelled() { return absl::CancelledError("it was cancelled"); }

void EndGently(pid_t group) {
  kill(-group, SIGTERM);
  // One that is stopped hears nothing else.
  kill(-group, SIGCONT);
}

}  // namespace

// Makes a run known to Cancel, from before its process starts until it is to be
// reaped.
class Subprocess::Running {
 public:
  explicit Running(Subprocess* subprocess) : subprocess_(*subprocess) {
    std::lock_guard<std::mutex> lock(subprocess_.mutex_);
    subprocess_.running_ = this;
  }
  ~Running() { End(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void SetProcess(pid_t process) {
    std::lock_guard<std::mutex> lock(subprocess_.mutex_);
    process_ = process;
  }
  bool cancelled() const {
    std::lock_guard<std::mutex> lock(subprocess_.mutex_);
    return cancelled_;
  }
  void End() {
    std::lock_guard<std::mutex> lock(subprocess_.mutex_);
    subprocess_.running_ = nullptr;
  }

  // With the mutex held.
  void Cancel() {
    cancelled_ = true;
    // Here as well: this process may be about to end, and Run not to be asked
    // any more.
    if (process_ != 0) EndGently(process_);
  }

 private:
  Subprocess& subprocess_;
  pid_t process_ = 0;
  bool cancelled_ = false;
};

absl::StatusOr<ProcessResult> Subprocess::Run(
    const std::vector<std::string>& argv, absl::Duration timeout,
    std::string* errors) {
  if (argv.empty() || argv[0].empty()) {
    return absl::InvalidArgumentError("the program has no name");
  }
  if (timeout <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("no time was left to run it");
  }
  Stream output;
  Stream error_text;
  const auto deadline =
      SteadyClock::now() +
      absl::ToChronoMilliseconds(std::min(timeout, absl::Hours(24)));
  Running running(this);
  pid_t process = 0;
  {
    File output_end;
    File errors_end;
    if (!MakePipe(output.pipe(), output_end) ||
        !MakePipe(error_text.pipe(), errors_end)) {
      return absl::ResourceExhaustedError("the system gives no pipe to it");
    }
    const absl::Status spawned =
        Spawn(argv, output_end.get(), errors_end.get(), process);
    if (!spawned.ok()) return spawned;
  }
  running.SetProcess(process);

  absl::Status why_ended;  // not OK: it is being ended
  SteadyClock::time_point kill_at;
  int look_ms = kShortestLookMs;
  for (;;) {
    // In this order: all that it wrote before it ended is there to be read.
    const bool ended = HasEnded(process);
    if (output.ReadPiece()) look_ms = kShortestLookMs;
    if (error_text.ReadPiece()) look_ms = kShortestLookMs;
    if (ended) {
      output.ReadRest();
      error_text.ReadRest();
      const bool all_ended = !output.open() && !error_text.open();
      if (why_ended.ok() || all_ended) break;
    }
    const auto now = SteadyClock::now();
    if (why_ended.ok()) {
      if (running.cancelled()) {
        why_ended = Cancelled();
      } else if (now >= deadline) {
        why_ended = absl::DeadlineExceededError(absl::StrCat(
            "it did not end within ",
            absl::FormatDuration(absl::Trunc(timeout, absl::Milliseconds(1)))));
      } else if (output.overflows()) {
        why_ended = absl::OutOfRangeError("it printed more than 64 KiB");
      }
      if (!why_ended.ok()) {
        EndGently(process);
        kill_at = now + kGrace;
      }
    } else if (now >= kill_at) {
      break;
    }
    pollfd pipes[] = {{output.pipe().get(), POLLIN, 0},
                      {error_text.pipe().get(), POLLIN, 0}};
    if (poll(pipes, 2, look_ms) == 0) {
      look_ms = std::min(2 * look_ms, kLongestLookMs);
    }
  }
  if (why_ended.ok() && running.cancelled()) why_ended = Cancelled();
  running.End();
  if (!why_ended.ok()) kill(-process, SIGKILL);

  ProcessResult result;
  Reap(process, result);
  if (why_ended.ok() && output.overflows()) {
    why_ended = absl::OutOfRangeError("it printed more than 64 KiB");
  }
  result.errors = error_text.TakeText();
  if (why_ended.ok()) {
    result.output = output.TakeText();
    return result;
  }
  if (errors != nullptr) *errors = std::move(result.errors);
  return why_ended;
}

void Subprocess::Cancel() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (running_ != nullptr) running_->Cancel();
}

}  // namespace aistudio::auth::internal
