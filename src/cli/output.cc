#include "src/cli/output.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aistudio::auth::cli {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

unsigned char ByteAt(const std::string& text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

// The length of the UTF-8 character at `i`; 0 if there is none.
std::size_t CharacterLength(const std::string& text, std::size_t i) {
  const unsigned char first = ByteAt(text, i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((ByteAt(text, i + k) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = ByteAt(text, i + 1);
  const bool overlong =
      (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  const bool too_high = first == 0xF4 && second >= 0x90;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

std::string Json(const std::string& text) {
  std::string json = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = CharacterLength(text, i);
    const unsigned char byte = ByteAt(text, i);
    if (length == 0) {
      json += kReplacement;
    } else if (byte == '"' || byte == '\\') {
      absl::StrAppend(&json, "\\", text.substr(i, 1));
    } else if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&json, "\\u%04x", byte);
    } else {
      json += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return json + "\"";
}

ExitCode Fail(const std::string& command, const absl::Status& status) {
  absl::FPrintF(stderr, "aistudio-auth %s: %s: %s\n", command,
                absl::StatusCodeToString(status.code()),
                absl::Utf8SafeCHexEscape(std::string(status.message())));
  return kExitFailed;
}

ExitCode Flushed(const std::string& command, ExitCode code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return Fail(command, absl::ErrnoToStatus(errno, "stdout"));
}

}  // namespace aistudio::auth::cli
