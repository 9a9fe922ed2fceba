// A service account's authorized key, exchanged for IAM tokens.

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/credentials.h"
#include "src/base/secret.h"
#include "src/base/text.h"
#include "src/grpc/error_format.h"
#include "src/methods/iam_methods.h"
#include "src/sources/iam_exchange.h"
#include "src/sources/service_account_key.h"

namespace aistudio::auth {
namespace {

class ServiceAccountKeyAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "ServiceAccountKeyAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

constexpr std::size_t kLongestKeyFile = 64 * 1024;

absl::Status FileFault(int error, const std::string& path) {
  const std::string where =
      absl::StrCat("service account key file ", internal::Redact(path));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(
          absl::StrCat(where, ": does not exist; check the path"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          absl::StrCat(where,
                       ": may not be read by this user; check its mode "
                       "and owner"));
    case EISDIR:
      return absl::InvalidArgumentError(absl::StrCat(
          where, ": is no regular file; pass the path of the key's JSON file"));
    case EFBIG:
      return absl::InvalidArgumentError(
          absl::StrCat(where,
                       ": is longer than 64 KiB; pass the path of the "
                       "key's JSON file"));
    default:
      return absl::ErrnoToStatus(
          error, absl::StrCat(where, ": cannot be read; check the file"));
  }
}

// Reads a regular file whole. Nothing of it stays behind in a stream's buffer.
absl::Status ReadKeyFile(const std::string& path, std::string& text) {
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct stat info = {};
  // Before opening: a pipe would hold up whoever opens it.
  if (stat(path.c_str(), &info) != 0) return FileFault(errno, path);
  if (!S_ISREG(info.st_mode)) return FileFault(EISDIR, path);
  if (info.st_size > static_cast<off_t>(kLongestKeyFile)) {
    return FileFault(EFBIG, path);
  }
  const std::unique_ptr<std::FILE, CloseFile> file(
      std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return FileFault(errno, path);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  text.resize(kLongestKeyFile + 1);
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) return FileFault(EIO, path);
  text.resize(size);
  return size > kLongestKeyFile ? FileFault(EFBIG, path) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Credentials> ServiceAccountKeyCredentials(std::string key_json,
                                                         IamOptions options) {
  internal::IamMethod method;
  method.name = ServiceAccountKeyAuth::kName;
  method.make_plugin = internal::NewPlugin<ServiceAccountKeyAuth>;
  method.identity = internal::Digest(key_json);
  auto key = internal::ServiceAccountKey::Parse(key_json);
  if (!key.ok()) return internal::NameMethod(method.name, key.status());
  method.make_source = [&](std::unique_ptr<internal::IamStub> stub,
                           std::shared_ptr<Clock> clock) {
    return std::make_shared<internal::ServiceAccountTokenSource>(
        *key, options.jwt_audience, std::move(stub), std::move(clock));
  };
  return internal::IamCredentials(method, options);
}

absl::StatusOr<Credentials> ServiceAccountKeyFileCredentials(
    std::string path, IamOptions options) {
  if (path.empty()) {
    return internal::NameMethod(
        ServiceAccountKeyAuth::kName,
        absl::InvalidArgumentError("service account key file: its path is "
                                   "empty; pass the path of the key's JSON "
                                   "file"));
  }
  std::string key_json;
  if (absl::Status read = ReadKeyFile(path, key_json); !read.ok()) {
    internal::Wipe(key_json);
    return internal::NameMethod(ServiceAccountKeyAuth::kName, read);
  }
  return ServiceAccountKeyCredentials(std::move(key_json), std::move(options));
}

}  // namespace aistudio::auth
