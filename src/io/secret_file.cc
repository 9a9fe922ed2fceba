#include "src/io/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "src/base/secret.h"
#include "src/base/text.h"

namespace aistudio::auth::internal {
namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      // Not blocking: a pipe without a writer would hold us up here.
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  int get() const { return file_; }

 private:
  const int file_;
};

// Returns 0 or what errno says.
int Read(const std::string& path, std::size_t max_size, std::string& text) {
  const OpenFile file(path);
  struct stat info = {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EISDIR;
  text.resize(max_size + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count =
        read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return size > max_size ? EFBIG : 0;
}

}  // namespace

absl::Status ReadSecretFile(const std::string& path, std::size_t max_size,
                            const char* what, const char* advice,
                            std::string& text) {
  Wipe(text);
  const int error = Read(path, max_size, text);
  if (error == 0) return absl::OkStatus();
  Wipe(text);
  const auto explain = [&](const auto&... fault) {
    return absl::StrCat(what, " ", Redact(path), ": ", fault..., "; ", advice);
  };
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(explain("does not exist"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          explain("may not be read by this user"));
    case EISDIR:
    case ENXIO:  // a socket
      return absl::InvalidArgumentError(explain("is no regular file"));
    case EFBIG:
      return absl::InvalidArgumentError(
          explain("is longer than ", max_size / 1024, " KiB"));
    default:
      return absl::Status(
          absl::ErrnoToStatusCode(error),
          explain(absl::ErrnoToStatus(error, "cannot be read").message()));
  }
}

}  // namespace aistudio::auth::internal
