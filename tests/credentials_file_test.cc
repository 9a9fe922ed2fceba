// Service account keys from files of all kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_replace.h"
#include "aistudio/auth/credentials.h"
#include "tests/auth_testing.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;

// The base64 of the private key, in one line.
std::string PrivateKeyOf(const testing::FakeCloud& cloud) {
  const std::string text =
      absl::StrReplaceAll(cloud.service_account_key_json(), {{"\\n", "\n"}});
  return PemBody(text.substr(text.find("-----BEGIN PRIVATE KEY-----")));
}

class CredentialsFileTest : public ::testing::Test {
 protected:
  CredentialsFileTest() {
    // A random name would be taken for a secret.
    folder_ = ::testing::TempDir();
    folder_ /= "credentials_file_" + std::to_string(getpid());
    std::filesystem::create_directory(folder_);
  }
  ~CredentialsFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

  absl::StatusOr<Credentials> Make(const std::string& path) {
    IamOptions options = cloud_->iam_options();
    options.refresh.registry = registry_;
    return ServiceAccountKeyFileCredentials(path, options);
  }

  // The fault of the file at `path`.
  void ExpectFault(const std::string& path, absl::StatusCode code,
                   const std::string& fault) {
    const absl::Status status = Make(path).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_TRUE(HasForm(status, "ServiceAccountKeyAuth"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
    EXPECT_EQ(RunOf(private_key_, std::string(status.message()), 12), "");
  }

  std::filesystem::path folder_;
  std::shared_ptr<ProviderRegistry> registry_ = ProviderRegistry::Create();
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  const std::string private_key_ = PrivateKeyOf(*cloud_);
};

TEST_F(CredentialsFileTest, AGoodFileIsReadOnceWhenTheCredentialsAreMade) {
  const std::string path =
      Write("key.json", cloud_->service_account_key_json());
  const auto credentials = Make(path);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  std::filesystem::remove(path);
  const grpc::Status status = Call(Connect(*cloud_, *credentials));
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(CredentialsFileTest, AFileAndItsContentMakeEqualCredentials) {
  const std::string content = cloud_->service_account_key_json();
  const auto from_file = Make(Write("key.json", content));
  ASSERT_TRUE(from_file.ok()) << from_file.status();
  IamOptions options = cloud_->iam_options();
  options.refresh.registry = registry_;
  const auto from_text = ServiceAccountKeyCredentials(content, options);
  ASSERT_TRUE(from_text.ok()) << from_text.status();
  EXPECT_EQ(from_file->call_credentials(), from_text->call_credentials());
}

TEST_F(CredentialsFileTest, AMissingFileIsNotFound) {
  ExpectFault(Path("absent.json"), absl::StatusCode::kNotFound,
              "absent.json: does not exist");
  const std::string file = Write("file", "");
  ExpectFault(file + "/key.json", absl::StatusCode::kNotFound,
              "does not exist");
}

TEST_F(CredentialsFileTest, APathThatIsEmptyOrTheKeyItselfIsRefused) {
  ExpectFault("", absl::StatusCode::kInvalidArgument, "path is empty");
  const absl::Status key = Make(cloud_->service_account_key_json()).status();
  EXPECT_EQ(key.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunOf(private_key_, std::string(key.message()), 12), "");
}

TEST_F(CredentialsFileTest, AFolderIsRefused) {
  ExpectFault(folder_.string(), absl::StatusCode::kInvalidArgument,
              "is no regular file");
}

TEST_F(CredentialsFileTest, APipeIsRefusedWithoutWaitingForItsWriter) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  ExpectFault(Path("pipe"), absl::StatusCode::kInvalidArgument,
              "is no regular file");
  ExpectFault("/dev/null", absl::StatusCode::kInvalidArgument,
              "is no regular file");
}

TEST_F(CredentialsFileTest, AFileThatMayNotBeReadIsPermissionDenied) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string path =
      Write("key.json", cloud_->service_account_key_json());
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  ExpectFault(path, absl::StatusCode::kPermissionDenied, "may not be read");
}

TEST_F(CredentialsFileTest, AFileThatIsTooLongIsRefused) {
  const std::string content = cloud_->service_account_key_json();
  const std::string padding(64 * 1024 - content.size(), ' ');
  EXPECT_EQ(Make(Write("longest.json", content + padding)).status(),
            absl::OkStatus());
  ExpectFault(Write("long.json", content + padding + " "),
              absl::StatusCode::kInvalidArgument, "is longer than 64 KiB");
  // Sizes of what is no real file say nothing.
  ExpectFault("/proc/self/maps", absl::StatusCode::kInvalidArgument, "");
}

TEST_F(CredentialsFileTest, AFileThatHoldsNoKeyIsRefused) {
  ExpectFault(Write("empty.json", ""), absl::StatusCode::kInvalidArgument,
              "is empty");
  ExpectFault(Write("other.json", "{\"a\": 1}"),
              absl::StatusCode::kInvalidArgument, "has no id");
  ExpectFault(Write("zeros.json", std::string(1000, '\0')),
              absl::StatusCode::kInvalidArgument, "is not a JSON object");
}

}  // namespace
}  // namespace aistudio::auth
