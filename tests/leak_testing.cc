#include "tests/leak_testing.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "aistudio/auth/credentials.h"

namespace aistudio::auth {
namespace {

constexpr std::size_t kRun = 12;

bool IsTokenChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ||
         c == '_';
}

// Whether a token of the kind that starts with `prefix` is at `at`.
bool HasTokenAt(const std::string& text, std::size_t at,
                const std::string& prefix) {
  if (text.compare(at, prefix.size(), prefix) != 0) return false;
  std::size_t end = at + prefix.size();
  while (end < text.size() && IsTokenChar(text[end])) ++end;
  return end - at >= prefix.size() + kRun;
}

std::string PercentEncoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (IsTokenChar(c) || c == '.' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

OutputCapture::OutputCapture()
    : file_(std::tmpfile()), stdout_(dup(1)), stderr_(dup(2)) {
  if (file_ == nullptr) std::abort();
  std::fflush(nullptr);
  dup2(fileno(file_), 1);
  dup2(fileno(file_), 2);
}

std::string OutputCapture::Stop() {
  if (stopped_) return "";
  stopped_ = true;
  std::fflush(nullptr);
  dup2(stdout_, 1);
  dup2(stderr_, 2);
  close(stdout_);
  close(stderr_);
  std::string text;
  std::rewind(file_);
  char buffer[4096];
  for (std::size_t size = 1; size > 0;) {
    size = std::fread(buffer, 1, sizeof(buffer), file_);
    text.append(buffer, size);
  }
  std::fclose(file_);
  return text;
}

void LeakDetector::AddSecret(const std::string& secret) {
  std::lock_guard<std::mutex> lock(mutex_);
  AddRuns(secret);
  AddRuns(PercentEncoded(secret));
  // Base64 depends on where in a larger text the secret stands.
  for (std::size_t skip = 0; skip < 3 && skip < secret.size(); ++skip) {
    for (std::string text : {absl::Base64Escape(secret.substr(skip)),
                             absl::WebSafeBase64Escape(secret.substr(skip))}) {
      // The last characters depend on what comes after.
      text.resize(text.size() - std::min<std::size_t>(text.size(), 4));
      AddRuns(text);
    }
  }
}

void LeakDetector::AddRuns(const std::string& text) {
  for (std::size_t i = 0; i + kRun <= text.size(); ++i) {
    runs_.insert(text.substr(i, kRun));
  }
}

void LeakDetector::AddText(const std::string& where, const std::string& text) {
  std::lock_guard<std::mutex> lock(mutex_);
  texts_.emplace_back(where, text);
}

void LeakDetector::AddStatus(const std::string& where,
                             const absl::Status& status) {
  // With payloads.
  AddText(where, status.ToString());
}

void LeakDetector::AddStats(const std::string& where,
                            const CredentialsStats& stats) {
  AddText(where + ", stats().method", stats.method);
  AddText(where + ", stats().provider", stats.provider);
  AddStatus(where + ", stats().last_error", stats.last_error);
}

void LeakDetector::AddEvent(const RefreshEvent& event) {
  AddText("event.method", event.method);
  AddText("event.provider", event.provider);
  AddStatus("event.status", event.status);
}

void LeakDetector::AddRpc(const std::string& where,
                          const grpc::Status& status) {
  AddText(where + ", message", status.error_message());
  AddText(where + ", details", status.error_details());
  AddStatus(where + ", CredentialsError", CredentialsError(status));
}

void LeakDetector::AddCredentials(const std::string& where,
                                  const Credentials& credentials) {
  const auto header = credentials.AuthorizationHeader();
  if (header.ok() && !header->empty()) {
    AddSecret(header->substr(header->find(' ') + 1));
  }
  AddStatus(where + ", AuthorizationHeader", header.status());
  AddStatus(where + ", status", credentials.status());
  AddStatus(where + ", WaitUntilReady",
            credentials.WaitUntilReady(absl::ZeroDuration()));
  AddStats(where, credentials.stats());
  AddText(where + ", DebugString", credentials.DebugString());
  const auto plugin = credentials.MakePlugin();
  AddText(where + ", plugin DebugString", plugin->DebugString());
  AddText(where + ", plugin GetType", plugin->GetType());
  AddText(where + ", CallCredentials",
          std::string(credentials.call_credentials()->DebugString()));
}

std::vector<std::string> LeakDetector::FindLeaks() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> leaks;
  for (const auto& [where, text] : texts_) {
    for (std::size_t i = 0; i + kRun <= text.size(); ++i) {
      const bool is_known = runs_.count(text.substr(i, kRun)) > 0;
      if (is_known || HasTokenAt(text, i, "t1.") ||
          HasTokenAt(text, i, "eyJ")) {
        const std::size_t begin = i < 60 ? 0 : i - 60;
        leaks.push_back(where + ": ..." + text.substr(begin, 120) + "...");
        break;
      }
    }
  }
  return leaks;
}

}  // namespace aistudio::auth
