#include "src/cli/input.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/base/text.h"

namespace aistudio::auth::cli {
namespace {

constexpr std::size_t kPiece = 16 * 1024;

// A path to be shown. In place of it somebody may have pasted the secret.
std::string Shown(const std::string& path) {
  // Part by part: as a whole, a long path can look random.
  if (path.find("-----BEGIN") != std::string::npos) {
    return internal::HideSecrets(path);  // base64 has slashes
  }
  std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (std::string& part : parts) part = internal::HideSecrets(part);
  return absl::StrJoin(parts, "/");
}

absl::StatusOr<std::string> ReadStream(std::FILE* stream,
                                       const std::string& name,
                                       std::size_t most_bytes) {
  // Grown in pieces: the bound may be far above what there is.
  std::string text;
  while (text.size() <= most_bytes) {
    const std::size_t start = text.size();
    const std::size_t wanted = std::min(kPiece, most_bytes + 1 - start);
    text.resize(start + wanted);
    const std::size_t got = std::fread(&text[start], 1, wanted, stream);
    text.resize(start + got);
    if (got < wanted) break;
  }
  if (std::ferror(stream) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(name, ": cannot be read"));
  }
  if (text.size() > most_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is larger than ", most_bytes, " bytes"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& flag,
                                      const std::string& path,
                                      std::size_t most_bytes) {
  if (path == "-") {
    static bool stdin_was_read = false;
    if (std::exchange(stdin_was_read, true)) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": stdin can be read once only"));
    }
    return ReadStream(stdin, absl::StrCat(flag, ": stdin"), most_bytes);
  }
  const std::string name = absl::StrCat(flag, ": ", Shown(path));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat(name, ": cannot be opened"));
  }
  return ReadStream(file.get(), name, most_bytes);
}

}  // namespace aistudio::auth::cli
