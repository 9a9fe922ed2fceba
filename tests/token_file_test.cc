// Tokens from a file that something else keeps fresh.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aistudio/auth/testing/manual_clock.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;
using testing::ManualClock;

bool WaitUntil(const std::function<bool()>& done,
               absl::Duration bound = absl::Seconds(20)) {
  const absl::Time end = absl::Now() + bound;
  while (!done()) {
    if (absl::Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// A token that AI Studio takes.
std::string LiveToken(testing::FakeCloud& cloud) {
  cloud.yc().NewToken();
  return cloud.yc().token();
}

class TokenFileTest : public ::testing::Test {
 protected:
  TokenFileTest() {
    // A random name would be taken for a secret.
    folder_ = ::testing::TempDir();
    folder_ /= absl::StrCat("token_file_", getpid());
    std::filesystem::create_directory(folder_);
    file_ = folder_ / "token";
  }
  ~TokenFileTest() override { std::filesystem::remove_all(folder_); }

  static void Write(const std::filesystem::path& path,
                    const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  // As a sidecar does.
  void Replace(const std::string& text) {
    Write(folder_ / "fresh", text);
    std::filesystem::rename(folder_ / "fresh", file_);
  }

  Credentials Make() {
    FileOptions options;
    options.refresh.registry = registry_;
    options.refresh.fetch_timeout = absl::Milliseconds(300);
    auto credentials = TokenFileCredentials(file_.string(), options);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  static bool Has(const Credentials& credentials, const std::string& token) {
    const auto header = credentials.AuthorizationHeader();
    return header.ok() && *header == "Bearer " + token;
  }

  void ExpectPickedUp(const Credentials& credentials,
                      const std::string& token) {
    EXPECT_TRUE(
        WaitUntil([&] { return Has(credentials, token); }, absl::Seconds(1)));
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
  EventLog events_;
  std::unique_ptr<testing::FakeCloud> cloud_ = StartCloud();
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({nullptr, events_.callback()});
};

TEST_F(TokenFileTest, CallsCarryTheFilesToken) {
  const std::string token = LiveToken(*cloud_);
  Write(file_, " \n" + token + "\r\n");
  const Credentials credentials = Make();
  const auto channel = Connect(*cloud_, credentials);
  const grpc::Status unary = Call(channel);
  EXPECT_TRUE(unary.ok()) << unary.error_message();
  EXPECT_TRUE(Stream(channel, 3).ok());
  EXPECT_EQ(credentials.DebugString(),
            "TokenFileAuth{path=" + file_.string() + "}");
}

TEST_F(TokenFileTest, AReplacedFileIsPickedUpWithinASecond) {
  Write(file_, LiveToken(*cloud_));
  const Credentials credentials = Make();
  ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  for (int i = 0; i < 3; ++i) {
    const std::string token = LiveToken(*cloud_);
    Replace(token);
    ExpectPickedUp(credentials, token);
  }
  EXPECT_TRUE(Call(Connect(*cloud_, credentials)).ok());
  EXPECT_EQ(credentials.stats().generation, 4);
}

TEST_F(TokenFileTest, AFileRewrittenInPlaceIsPickedUpWithinASecond) {
  const std::string token = LiveToken(*cloud_);
  Write(file_, token);
  const Credentials credentials = Make();
  ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  const std::string next = LiveToken(*cloud_);
  Write(file_, next);
  // As a file system with a coarse clock would show it.
  const timespec old[] = {{1700000000, 0}, {1700000000, 0}};
  const timespec now[] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  utimensat(AT_FDCWD, file_.c_str(), old, 0);
  utimensat(AT_FDCWD, file_.c_str(), now, 0);
  ExpectPickedUp(credentials, next);
}

TEST_F(TokenFileTest, LinksThatAreSwappedAreFollowedAsKubernetesDoesIt) {
  const auto publish = [&](const std::string& version) {
    const std::string token = LiveToken(*cloud_);
    std::filesystem::create_directory(folder_ / version);
    Write(folder_ / version / "token", token);
    std::filesystem::create_directory_symlink(version, folder_ / "..new");
    std::filesystem::rename(folder_ / "..new", folder_ / "..data");
    return token;
  };
  publish("..1");
  std::filesystem::create_symlink("..data/token", file_);
  const Credentials credentials = Make();
  ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  const std::string token = publish("..2");
  std::filesystem::remove_all(folder_ / "..1");
  ExpectPickedUp(credentials, token);
}

// Ways in which there is no token, and what is said of them.
struct FileFault {
  const char* name;
  std::function<void(const std::filesystem::path&)> make;
  absl::StatusCode code;
  std::string what;  // after "token file <path>: "
};

std::vector<FileFault> FileFaults() {
  const auto holds = [](std::string text) {
    return [text](const std::filesystem::path& path) {
      std::ofstream(path, std::ios::binary) << text;
    };
  };
  const std::string advice =
      "; check the path, and the process that keeps the file fresh";
  const auto kUnavailable = absl::StatusCode::kUnavailable;
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  std::vector<FileFault> faults = {
      {"missing", [](const auto&) {}, kUnavailable, "does not exist" + advice},
      {"empty", holds(""), kUnavailable, "is empty; pass the secret itself"},
      {"blank", holds(" \n"), kUnavailable,
       "holds nothing but white space; pass the secret itself"},
      {"control", holds("t1.abc\x01xyz"), kUnavailable,
       "holds a control byte at byte 6; pass the secret alone, on one line"},
      {"lines", holds("t1.abc\nxyz\n"), kUnavailable,
       "holds a line break at byte 6; pass the secret alone, on one line"},
      {"zeros", holds(std::string(200, '\0')), kUnavailable,
       "holds a control byte at byte 0; pass the secret alone, on one line"},
      {"long token", holds(std::string(8000, 'a')), kUnavailable,
       "has 8000 bytes, more than the 7168 such a secret can have; pass the "
       "secret alone"},
      {"long file", holds(std::string(16 * 1024 + 1, 'a')), kInvalid,
       "is longer than 16 KiB" + advice},
      {"folder",
       [](const auto& path) { std::filesystem::create_directory(path); },
       kInvalid, "is no regular file" + advice},
      {"pipe", [](const auto& path) { mkfifo(path.c_str(), 0600); }, kInvalid,
       "is no regular file" + advice},
      {"link in a circle",
       [](const auto& path) {
         std::filesystem::create_symlink(path.filename(), path);
       },
       absl::ErrnoToStatusCode(ELOOP), "cannot be read"},
  };
  if (geteuid() != 0) {
    faults.push_back({"unreadable",
                      [](const auto& path) {
                        std::ofstream(path) << "t1.abcdef";
                        chmod(path.c_str(), 0);
                      },
                      absl::StatusCode::kPermissionDenied,
                      "may not be read by this user" + advice});
  }
  return faults;
}

TEST_F(TokenFileTest, EachFaultHasItsErrorAndHealsWithinASecond) {
  for (const FileFault& fault : FileFaults()) {
    SCOPED_TRACE(fault.name);
    file_ = folder_ / fault.name;
    fault.make(file_);
    const Credentials credentials = Make();
    const grpc::Status status = Call(Connect(*cloud_, credentials));
    const absl::Status error = CredentialsError(status);
    EXPECT_EQ(error.code(), fault.code) << error;
    EXPECT_THAT(std::string(error.message()),
                HasSubstr(absl::StrCat("TokenFileAuth: token file ",
                                       file_.string(), ": ", fault.what)));

    const std::string token = LiveToken(*cloud_);
    if (std::filesystem::is_directory(std::filesystem::symlink_status(file_))) {
      std::filesystem::remove(file_);
    }
    Replace(token);
    // Faults that no sidecar gets over by itself are looked at less often.
    EXPECT_TRUE(WaitUntil([&] { return Has(credentials, token); },
                          fault.code == absl::StatusCode::kUnavailable
                              ? absl::Seconds(1)
                              : absl::Seconds(3)));
  }
  EXPECT_EQ(cloud_->ai_studio().refused(), 0);
}

TEST_F(TokenFileTest, NoFaultTakesTheOldTokenAway) {
  for (const FileFault& fault : FileFaults()) {
    SCOPED_TRACE(fault.name);
    file_ = folder_ / fault.name;
    const std::string token = LiveToken(*cloud_);
    Write(file_, token);
    const Credentials credentials = Make();
    ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
    std::filesystem::remove(file_);
    fault.make(file_);
    ASSERT_TRUE(WaitUntil([&] {
      return credentials.stats().failures >=
             (fault.code == absl::StatusCode::kUnavailable ? 3 : 1);
    }));
    EXPECT_TRUE(Has(credentials, token));
    EXPECT_EQ(credentials.stats().last_error.code(), fault.code);

    const std::string next = LiveToken(*cloud_);
    if (std::filesystem::is_directory(std::filesystem::symlink_status(file_))) {
      std::filesystem::remove(file_);
    }
    Replace(next);
    EXPECT_TRUE(WaitUntil([&] { return Has(credentials, next); },
                          fault.code == absl::StatusCode::kUnavailable
                              ? absl::Seconds(1)
                              : absl::Seconds(3)));
    EXPECT_EQ(credentials.stats().last_error, absl::OkStatus());
  }
}

TEST_F(TokenFileTest, ManyReplacementsNeverShowAHalfToken) {
  const std::string one = LiveToken(*cloud_);
  const std::string two = LiveToken(*cloud_);
  Write(file_, one);
  FileOptions options;
  options.refresh.registry = registry_;
  options.refresh.max_age = absl::Milliseconds(1);
  const auto credentials = TokenFileCredentials(file_.string(), options);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  for (int i = 0; credentials->stats().refreshes < 5; ++i) {
    // In turn, by replacing and in place.
    if (i % 3 == 0) {
      Write(file_, i % 2 == 0 ? one : two);
    } else {
      Replace(i % 2 == 0 ? one : two);
    }
    const auto header = credentials->AuthorizationHeader();
    if (header.ok()) {
      EXPECT_TRUE(Has(*credentials, one) || Has(*credentials, two));
    }
  }
}

TEST_F(TokenFileTest, CallsWaitForASidecarThatIsLate) {
  const std::string token = LiveToken(*cloud_);
  FileOptions options;
  options.refresh.registry = registry_;
  const auto credentials = TokenFileCredentials(file_.string(), options);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  std::thread sidecar([&] {
    EXPECT_TRUE(events_.WaitForFailures(2));
    Replace(token);
  });
  const grpc::Status status = Call(Connect(*cloud_, *credentials));
  sidecar.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(TokenFileTest, ARelativePathStaysWhatItWas) {
  const std::string token = LiveToken(*cloud_);
  Write(file_, token);
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  FileOptions options;
  options.refresh.registry = registry_;
  const auto credentials = TokenFileCredentials("token", options);
  std::filesystem::current_path(here);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_EQ(credentials->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_EQ(credentials->call_credentials(), [&] {
    return TokenFileCredentials(file_.string(), options)->call_credentials();
  }());
}

TEST_F(TokenFileTest, ALongPathIsNoToken) {
  const std::filesystem::path folder =
      folder_ /
      "Projects/2026/sandbox/linux-sandbox/41/execroot/8f3aD1c09b7E6d";
  std::filesystem::create_directories(folder);
  Write(folder / "token", LiveToken(*cloud_));
  const auto credentials = TokenFileCredentials(folder / "token");
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_EQ(credentials->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
}

TEST_F(TokenFileTest, BadPathsAreRefused) {
  const auto error = [](const std::string& path) {
    return TokenFileCredentials(path).status();
  };
  EXPECT_EQ(error(""),
            absl::InvalidArgumentError("TokenFileAuth: path: is empty; pass "
                                       "the path of the token's file"));
  EXPECT_EQ(error(std::string("/a\0b", 4)),
            absl::InvalidArgumentError("TokenFileAuth: path: holds a zero "
                                       "byte; pass the path of the token's "
                                       "file"));
  EXPECT_EQ(error(LiveToken(*cloud_)),
            absl::InvalidArgumentError(
                "TokenFileAuth: path: looks like a token; pass the path of its "
                "file, or use IamTokenCredentials"));
}

// A file and a cloud that live by a manual clock.
class TokenFileTimeTest : public TokenFileTest {
 protected:
  TokenFileTimeTest() {
    testing::FakeCloud::Options options;
    options.clock = clock_;
    cloud_ = StartCloud(options);
    registry_ = ProviderRegistry::Create({clock_, events_.callback()});
  }

  void SetWritten(absl::Time time) {
    const timespec times[] = {absl::ToTimespec(time), absl::ToTimespec(time)};
    ASSERT_EQ(utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  }

  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

TEST_F(TokenFileTimeTest, ATokenIsUsedUntilTwelveHoursAfterItWasWritten) {
  Write(file_, LiveToken(*cloud_));
  SetWritten(clock_->Now() - absl::Hours(2));
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  EXPECT_EQ(credentials.stats().expires_at, clock_->Now() + absl::Hours(10));
  EXPECT_EQ(credentials.status(), absl::OkStatus());

  std::filesystem::remove(file_);
  clock_->Advance(absl::Hours(9.9));
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_EQ(credentials.status(), absl::OkStatus());
  clock_->Advance(absl::Hours(0.1));
  EXPECT_THAT(std::string(credentials.status().message()),
              HasSubstr("does not exist"));
}

TEST_F(TokenFileTimeTest, AnOldFileHoldsNoLiveToken) {
  Write(file_, LiveToken(*cloud_));
  SetWritten(clock_->Now() - absl::Hours(12));
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForFailures(1));
  EXPECT_EQ(credentials.stats().last_error,
            absl::UnavailableError(absl::StrCat(
                "token file ", file_.string(),
                ": was last written at 2025-12-31T12:00:00+00:00, and a token "
                "lives 12 hours at most; check the process that keeps the "
                "file fresh")));
}

TEST_F(TokenFileTimeTest, AFileOfTheFutureLivesFromWhenItWasRead) {
  Write(file_, LiveToken(*cloud_));
  SetWritten(clock_->Now() + absl::Hours(100));
  const Credentials credentials = Make();
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  clock_->Advance(absl::Hours(6));
  ASSERT_TRUE(events_.WaitForSuccesses(2));
  EXPECT_EQ(credentials.stats().expires_at, clock_->Now() + absl::Hours(6));
}

}  // namespace
}  // namespace aistudio::auth
