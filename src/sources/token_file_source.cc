#include "src/sources/token_file_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/io/secret_file.h"

namespace aistudio::auth::internal {
namespace {

constexpr char kWhat[] = "token file";
constexpr char kAdvice[] =
    "check the path, and the process that keeps the file fresh";
constexpr std::size_t kLongestFile = 16 * 1024;
constexpr absl::Duration kLongestLife = absl::Hours(12);

bool IsSameVersion(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
         a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

TokenFileSource::TokenFileSource(std::string path, std::shared_ptr<Clock> clock)
    : path_(std::move(path)),
      where_(absl::StrCat(kWhat, " ", Redact(path_))),
      clock_(std::move(clock)) {}

std::string TokenFileSource::DebugString() const {
  return absl::StrCat("path=", Redact(path_));
}

absl::Status TokenFileSource::ReadStable(std::string& text,
                                         absl::Time& written) const {
  // Should stat fail, reading does too, and says why.
  struct stat before = {};
  struct stat after = {};
  const bool known_before = stat(path_.c_str(), &before) == 0;
  absl::Status read = ReadSecretFile(path_, kLongestFile, kWhat, kAdvice, text);
  if (absl::IsNotFound(read)) return absl::UnavailableError(read.message());
  if (!read.ok()) return read;
  if (!known_before || stat(path_.c_str(), &after) != 0 ||
      !IsSameVersion(before, after)) {
    return absl::UnavailableError(
        absl::StrCat(where_, ": is being replaced; it is read again at once"));
  }
  written = absl::TimeFromTimespec(after.st_mtim);
  return absl::OkStatus();
}

absl::StatusOr<Token> TokenFileSource::Fetch(absl::Time /*deadline*/) {
  std::string text;
  absl::Time written;
  if (absl::Status read = ReadStable(text, written); !read.ok()) {
    Wipe(text);
    return read;
  }
  if (absl::Status token = CheckSecretText(text, kLongestToken, where_.c_str());
      !token.ok()) {
    Wipe(text);
    return absl::UnavailableError(token.message());
  }
  const absl::Time now = clock_->Now();
  if (std::string digest = Digest(text); digest != digest_) {
    digest_ = std::move(digest);
    first_read_ = now;
  }
  const absl::Time expires_at = std::min(written, first_read_) + kLongestLife;
  if (expires_at <= now) {
    Wipe(text);
    return absl::UnavailableError(absl::StrCat(
        where_, ": was last written at ",
        absl::FormatTime(absl::RFC3339_sec, written, absl::UTCTimeZone()),
        ", and a token lives 12 hours at most; check the process that keeps "
        "the file fresh"));
  }
  return Token{std::move(text), expires_at};
}

}  // namespace aistudio::auth::internal
