// Where root certificates come from if libcurl knows none.

#include "src/io/ca_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "aistudio/auth/testing/scoped_env.h"

namespace aistudio::auth::internal {
namespace {

using ::aistudio::auth::testing::ScopedEnv;

constexpr char kMissing[] = "/nonexistent/roots.pem";

class CaFileTest : public ::testing::Test {
 protected:
  // Two files that exist.
  void SetUp() override {
    for (const std::string& path : {one_, another_}) std::ofstream(path) << "x";
  }

  const std::string one_ = ::testing::TempDir() + "/ca_file_test_one.pem";
  const std::string another_ =
      ::testing::TempDir() + "/ca_file_test_another.pem";
};

TEST_F(CaFileTest, AFileOrFolderThatCurlKnowsAndThatExistsIsLeftToCurl) {
  const ScopedEnv variable("SSL_CERT_FILE", another_);
  EXPECT_EQ(FindCaFile({one_.c_str(), nullptr}, {another_.c_str()}), "");
  EXPECT_EQ(FindCaFile({kMissing, "/tmp"}, {another_.c_str()}), "");
}

TEST_F(CaFileTest, ForACurlThatKnowsNoneTheFirstUsualOneThatExistsIsTaken) {
  const ScopedEnv variable("SSL_CERT_FILE", std::nullopt);
  const std::vector<const char*> usual = {kMissing, one_.c_str(),
                                          another_.c_str()};
  EXPECT_EQ(FindCaFile({nullptr, nullptr}, usual), one_);
  EXPECT_EQ(FindCaFile({kMissing, kMissing}, usual), one_);
  EXPECT_EQ(FindCaFile({nullptr, nullptr}, {kMissing}), "");
}

TEST_F(CaFileTest, TheEnvironmentsFileComesBeforeTheUsualOnes) {
  {
    const ScopedEnv variable("SSL_CERT_FILE", another_);
    EXPECT_EQ(FindCaFile({nullptr}, {one_.c_str()}), another_);
  }
  {
    const ScopedEnv variable("SSL_CERT_FILE", "");
    EXPECT_EQ(FindCaFile({nullptr}, {one_.c_str()}), one_);
  }
}

TEST_F(CaFileTest, AnEnvironmentsFileThatIsMissingIsNotReplacedByOtherRoots) {
  const ScopedEnv variable("SSL_CERT_FILE", kMissing);
  EXPECT_EQ(FindCaFile({nullptr}, {one_.c_str()}), kMissing);
}

}  // namespace
}  // namespace aistudio::auth::internal
