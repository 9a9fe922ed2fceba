// `aistudio-auth fake-cloud`.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "src/cli/commands.h"
#include "src/cli/interrupt_watch.h"
#include "src/cli/output.h"

ABSL_DECLARE_FLAG(std::optional<absl::Duration>, duration);
ABSL_FLAG(absl::Duration, cloud_token_lifetime, absl::Hours(12),
          "how long its tokens live");

namespace aistudio::auth::cli {
namespace {

constexpr char kName[] = "fake-cloud";
constexpr char kFolderId[] = "b1gfakecloudfolder00";
constexpr absl::Duration kTick = absl::Seconds(1);

// A folder that only this user may enter; removed with the files in it.
class PrivateFolder {
 public:
  static absl::StatusOr<std::unique_ptr<PrivateFolder>> Make() {
    const char* const top = std::getenv("TMPDIR");
    std::string path =
        absl::StrCat(top == nullptr || *top == '\0' ? "/tmp" : top,
                     "/aistudio-auth-fake-cloud-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) {
      return absl::ErrnoToStatus(errno, path);
    }
    return std::make_unique<PrivateFolder>(std::move(path));
  }

  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  ~PrivateFolder() {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(path_.c_str());
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  // Returns the path of the file.
  absl::StatusOr<std::string> Write(const std::string& name,
                                    const std::string& text) {
    const std::string path = absl::StrCat(path_, "/", name);
    const int file =
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return absl::ErrnoToStatus(errno, path);
    files_.push_back(path);
    const bool written = write(file, text.data(), text.size()) ==
                         static_cast<ssize_t>(text.size());
    const int error = errno;
    close(file);
    if (!written) return absl::ErrnoToStatus(error, path);
    return path;
  }

 private:
  const std::string path_;
  std::vector<std::string> files_;
};

struct Paths {
  std::string root_certificates;
  std::string key;
  std::string api_key;
  std::string oauth_token;
  std::string token;
  std::string subject_token;
};

absl::StatusOr<Paths> WriteFiles(testing::FakeCloud& cloud,
                                 PrivateFolder& folder) {
  Paths paths;
  const struct {
    const char* name;
    std::string text;
    std::string* path;
  } files[] = {
      {"root.pem", cloud.root_certificates(), &paths.root_certificates},
      {"key.json", cloud.service_account_key_json(), &paths.key},
      {"api-key", cloud.api_key(), &paths.api_key},
      {"oauth-token", cloud.oauth_token(), &paths.oauth_token},
      {"token", cloud.yc().token(), &paths.token},
      {"subject-token", cloud.token_exchange().subject_token(),
       &paths.subject_token},
  };
  for (const auto& file : files) {
    auto path = folder.Write(file.name, file.text);
    if (!path.ok()) return path.status();
    *file.path = *std::move(path);
  }
  return paths;
}

// For a shell, whatever the path of the folder is made of.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

void PrintEnvironment(testing::FakeCloud& cloud, const Paths& paths) {
  const std::string iam =
      absl::StrCat(" --iam_endpoint=", cloud.iam_endpoint(),
                   " --root_certificates=", Quoted(paths.root_certificates));
  const WorkloadIdentityOptions identity = cloud.token_exchange().options(
      paths.subject_token, paths.root_certificates);
  // A real secret must not win, nor go to a cloud that anybody may run.
  absl::PrintF(
      "unset YC_API_KEY YC_IAM_TOKEN YC_SERVICE_ACCOUNT_KEY_FILE "
      "YC_OAUTH_TOKEN\n"
      "unset YC_WORKLOAD_IDENTITY_TOKEN_FILE "
      "YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID\n"
      "unset AISTUDIO_AUTH_METHOD\n");
  absl::PrintF("export YC_METADATA_ADDR=%s\n", cloud.metadata().address());
  absl::PrintF("export YC_FOLDER_ID=%s\n", kFolderId);
  for (const char* variable :
       {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CURL_CA_BUNDLE"}) {
    absl::PrintF("export %s=%s\n", variable, Quoted(paths.root_certificates));
  }
  absl::PrintF("export AI_STUDIO_TARGET=%s\n", cloud.ai_studio_endpoint());
  absl::PrintF(
      "# AI_STUDIO_TARGET is for you, no program reads it. Nor does a variable "
      "name\n# IAM: with a key, OAuth token or impersonation add these flags "
      "(in a\n# program, IamOptions::endpoint and ssl).\n"
      "#  %s\n",
      iam);
  absl::PrintF("# Every method:\n");
  absl::PrintF("#   --service_account_key=%s%s\n", Quoted(paths.key), iam);
  absl::PrintF("#   --oauth_token_file=%s%s\n", Quoted(paths.oauth_token), iam);
  absl::PrintF("#   --api_key_file=%s\n", Quoted(paths.api_key));
  absl::PrintF("#   --iam_token_file=%s\n", Quoted(paths.token));
  absl::PrintF("#   --token_file=%s\n", Quoted(paths.token));
  absl::PrintF("#   --metadata --metadata_address=%s\n",
               cloud.metadata().address());
  absl::PrintF("#   --yc --yc_command=%s\n", Quoted(cloud.yc_command()));
  absl::PrintF(
      "#   --workload_identity --token_url=%s --service_account_id=%s"
      " --subject_token_file=%s --root_certificates=%s\n",
      identity.token_url, identity.service_account_id,
      Quoted(paths.subject_token), Quoted(paths.root_certificates));
  absl::PrintF("# Running; Ctrl-C ends it and removes the files.\n");
}

ExitCode RunFakeCloud(const std::vector<std::string>& arguments) {
  const absl::Duration duration =
      absl::GetFlag(FLAGS_duration).value_or(absl::InfiniteDuration());
  const absl::Duration lifetime = absl::GetFlag(FLAGS_cloud_token_lifetime);
  if (!arguments.empty())
    return UsageError("fake-cloud takes flags only", kName);
  if (duration <= absl::ZeroDuration()) {
    return UsageError("--duration must be above 0", kName);
  }
  if (lifetime < absl::Seconds(1) || lifetime > absl::Hours(12)) {
    return UsageError("--cloud_token_lifetime must be from 1s to 12h", kName);
  }

  InterruptWatch interrupts;
  auto folder = PrivateFolder::Make();
  if (!folder.ok()) return Fail(kName, folder.status());
  testing::FakeCloud::Options options;
  options.token_lifetime = lifetime;
  const auto cloud = testing::FakeCloud::Start(options);
  if (!cloud.ok()) return Fail(kName, cloud.status());
  const auto paths = WriteFiles(**cloud, **folder);
  if (!paths.ok()) return Fail(kName, paths.status());
  PrintEnvironment(**cloud, *paths);
  const ExitCode printed = Flushed(kName, kExitOk);
  if (printed != kExitOk) return printed;

  const absl::Time end = absl::Now() + duration;
  bool interrupted = false;
  while (!interrupted && absl::Now() < end) {
    interrupted = interrupts.WaitFor(std::min(kTick, end - absl::Now()));
  }
  return kExitOk;
}

}  // namespace

Command FakeCloudCommand() {
  return {
      kName,
      "runs a cloud on this machine to try programs against",
      "[flags]",
      "Starts IAM, AI Studio, a metadata service, a token exchange and a yc, "
      "on\n"
      "loopback, with TLS where the real ones have it. Prints the environment "
      "and\n"
      "the flags that point a program at it. AI Studio has a model that "
      "answers\n"
      "`chat`, and echoes what else it is sent. Its secrets are worthless; "
      "they\n"
      "lie in a private folder until it ends.",
      "aistudio-auth fake-cloud | tee cloud.env   # elsewhere: . cloud.env",
      {"duration=D", "cloud_token_lifetime=D"},
      &RunFakeCloud,
  };
}

}  // namespace aistudio::auth::cli
