// `aistudio-auth call`.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "src/cli/commands.h"
#include "src/cli/credentials_flags.h"
#include "src/cli/generic_call.h"
#include "src/cli/input.h"
#include "src/cli/output.h"

ABSL_FLAG(std::string, request_file, "",
          "the request's bytes, or - for stdin (else empty)");
ABSL_FLAG(std::string, response_file, "",
          "each response, after its length (4 bytes, big-endian)");
ABSL_FLAG(int, count, 1, "how many calls");
ABSL_FLAG(absl::Duration, interval, absl::ZeroDuration(),
          "from the start of one call to that of the next");
ABSL_FLAG(int, concurrency, 1, "how many at the same time at most");

namespace aistudio::auth::cli {
namespace {

constexpr int kMostCalls = 1000000;
constexpr int kMostAtOnce = 256;
constexpr std::size_t kLargestRequest = 64 * 1024 * 1024;

// Prints and counts. Thread safety: all methods may be called from any thread.
class CallLog {
 public:
  CallLog(std::string method, bool json, std::FILE* responses)
      : method_(std::move(method)), json_(json), responses_(responses) {}

  // False if the file cannot take it.
  bool Keep(const std::string& response) {
    if (responses_ == nullptr) return true;
    const auto size = static_cast<std::uint32_t>(response.size());
    const std::array<unsigned char, 4> length = {
        static_cast<unsigned char>(size >> 24),
        static_cast<unsigned char>(size >> 16),
        static_cast<unsigned char>(size >> 8),
        static_cast<unsigned char>(size)};
    std::lock_guard<std::mutex> lock(mutex_);
    const bool kept = std::fwrite(length.data(), 1, length.size(),
                                  responses_) == length.size() &&
                      std::fwrite(response.data(), 1, response.size(),
                                  responses_) == response.size();
    if (!kept) write_error_ = errno;
    return kept;
  }

  void Add(int seq, const CallResult& result, absl::Duration latency,
           const Credentials& credentials) {
    const std::string code = absl::StatusCodeToString(
        static_cast<absl::StatusCode>(result.status.error_code()));
    const std::string message = MessageOf(result.status, credentials);
    const std::string explanation =
        Explanation(result.status, method_, credentials);
    const double milliseconds = absl::ToDoubleMilliseconds(latency);

    std::lock_guard<std::mutex> lock(mutex_);
    latencies_.push_back(milliseconds);
    if (!result.status.ok()) ++failed_;
    if (json_) {
      absl::PrintF(
          "{\"seq\":%d,\"code\":%s,\"message\":%s,\"latency_ms\":%.1f,"
          "\"responses\":%d}\n",
          seq, Json(code), Json(message), milliseconds, result.responses);
    } else {
      absl::PrintF("%d  %s  %.1f ms  %d response%s%s%s\n", seq, code,
                   milliseconds, result.responses,
                   result.responses == 1 ? "" : "s",
                   message.empty() ? "" : "  ", message);
    }
    std::fflush(stdout);
    // The same trouble, many times, is told once.
    if (!explanation.empty() && explained_.insert(explanation).second) {
      absl::FPrintF(stderr, "aistudio-auth call: %s\n", explanation);
    }
  }

  // kExitOk if nothing failed.
  ExitCode Summarize() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!json_ && !latencies_.empty()) {
      std::sort(latencies_.begin(), latencies_.end());
      absl::PrintF(
          "%d calls, %d failed; latency min %.1f, median %.1f, max %.1f ms\n",
          latencies_.size(), failed_, latencies_.front(),
          latencies_[latencies_.size() / 2], latencies_.back());
    }
    if (responses_ != nullptr && write_error_ == 0 &&
        std::fflush(responses_) != 0) {
      write_error_ = errno;
    }
    if (write_error_ != 0) {
      return Fail("call", absl::ErrnoToStatus(write_error_, "--response_file"));
    }
    return Flushed("call", failed_ == 0 ? kExitOk : kExitFailed);
  }

 private:
  const std::string method_;
  const bool json_;
  std::FILE* const responses_;

  std::mutex mutex_;
  std::vector<double> latencies_;
  std::set<std::string> explained_;
  int failed_ = 0;
  int write_error_ = 0;
};

std::string Fault(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) return "call takes TARGET and /pkg.Service/Method";
  if (arguments[0].empty()) return "call: TARGET is empty";
  if (LooksLikeSecret(arguments[0])) return "call: TARGET looks like a secret";
  if (!IsMethod(arguments[1])) return "call: no method /pkg.Service/Method";
  const int count = absl::GetFlag(FLAGS_count);
  if (count < 1 || count > kMostCalls) {
    return absl::StrCat("--count must be from 1 to ", kMostCalls);
  }
  const int concurrency = absl::GetFlag(FLAGS_concurrency);
  if (concurrency < 1 || concurrency > kMostAtOnce) {
    return absl::StrCat("--concurrency must be from 1 to ", kMostAtOnce);
  }
  if (absl::GetFlag(FLAGS_interval) < absl::ZeroDuration()) {
    return "--interval must not be negative";
  }
  return CredentialsFlagsFault();
}

ExitCode RunCall(const std::vector<std::string>& arguments) {
  const std::string fault = Fault(arguments);
  if (!fault.empty()) return UsageError(fault, "call");
  const std::string& method = arguments[1];

  std::string request;
  const std::string request_path = absl::GetFlag(FLAGS_request_file);
  if (!request_path.empty()) {
    auto bytes = ReadInput("--request_file", request_path, kLargestRequest);
    if (!bytes.ok()) return Fail("call", bytes.status());
    request = *std::move(bytes);
  }
  const auto credentials = CredentialsFromFlags();
  if (!credentials.ok()) return Fail("call", credentials.status());
  const auto channel = ChannelFromFlags(arguments[0], *credentials);
  if (!channel.ok()) return Fail("call", channel.status());
  const std::string response_path = absl::GetFlag(FLAGS_response_file);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> responses(nullptr,
                                                            &std::fclose);
  if (!response_path.empty()) {
    responses.reset(std::fopen(response_path.c_str(), "wbe"));
    if (responses == nullptr) {
      return Fail("call", absl::ErrnoToStatus(errno, "--response_file"));
    }
  }

  CallLog log(method, absl::GetFlag(FLAGS_json), responses.get());
  const int count = absl::GetFlag(FLAGS_count);
  const absl::Duration interval = absl::GetFlag(FLAGS_interval);
  const absl::Duration timeout = absl::GetFlag(FLAGS_timeout);
  const absl::Time start = absl::Now();
  std::atomic<int> next{0};
  const auto make_calls = [&] {
    for (int i = next++; i < count; i = next++) {
      absl::SleepFor(start + i * interval - absl::Now());
      const absl::Time call_start = absl::Now();
      const CallResult result = CallMethod(
          *channel, *credentials, method, request, timeout,
          [&log](const std::string& response) { return log.Keep(response); });
      log.Add(i + 1, result, absl::Now() - call_start, *credentials);
    }
  };
  std::vector<std::thread> threads;
  const int others = std::min(absl::GetFlag(FLAGS_concurrency), count) - 1;
  for (int i = 0; i < others; ++i) threads.emplace_back(make_calls);
  make_calls();
  for (std::thread& thread : threads) thread.join();
  return log.Summarize();
}

}  // namespace

Command CallCommand() {
  return {
      "call",
      "calls any method with raw bytes",
      "[flags] TARGET /pkg.Service/Method",
      "Sends the bytes over TLS and reads all responses, unary or streaming. "
      "A call\n"
      "refused as UNAUTHENTICATED is made once more with a new token.",
      "aistudio-auth call --metadata --request_file=r.bin HOST:443 /p.S/Method",
      {"request_file=F", "response_file=F", "count=N", "interval=D",
       "concurrency=N"},
      &RunCall,
      CredentialsFlags(),
      CredentialsFlagsHelp(),
  };
}

}  // namespace aistudio::auth::cli
