// Runs the command against a cloud in the test's process.

#ifndef AISTUDIO_AUTH_TESTS_CLI_TESTING_H_
#define AISTUDIO_AUTH_TESTS_CLI_TESTING_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "aistudio/auth/testing/fake_cloud.h"

// Where Bazel runs tests.
#ifndef AISTUDIO_AUTH_COMMAND
#define AISTUDIO_AUTH_COMMAND "./aistudio-auth"
#endif
#ifndef AISTUDIO_AUTH_SOURCE_DIR
#define AISTUDIO_AUTH_SOURCE_DIR "."
#endif

namespace aistudio::auth::cli {

// Absolute: scripts change the folder.
inline const std::string kCommand =
    std::filesystem::absolute(AISTUDIO_AUTH_COMMAND).lexically_normal();
inline const std::filesystem::path kSourceTree =
    std::filesystem::absolute(AISTUDIO_AUTH_SOURCE_DIR);

constexpr char kMethod[] = "/pkg.Service/Method";

using Strings = std::vector<std::string>;

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Result {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class CliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "/cli_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    auto cloud = testing::FakeCloud::Start();
    ASSERT_TRUE(cloud.ok()) << cloud.status();
    cloud_ = *std::move(cloud);
    roots_ =
        "--root_certificates=" + File("root.pem", cloud_->root_certificates());
    metadata_ = {"--metadata",
                 "--metadata_address=" + cloud_->metadata().address(), roots_};
    key_ = {"--service_account_key=" +
                File("key.json", cloud_->service_account_key_json()),
            "--iam_endpoint=" + cloud_->iam_endpoint(), roots_};
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The path of a new file.
  std::string File(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  // Starts the command with nothing but `environment` and PATH around it.
  pid_t Start(const Strings& arguments, const Strings& environment = {},
              const std::string& input = "",
              const std::string& program = kCommand) {
    Strings words = arguments;
    words.insert(words.begin(), program);
    Strings variables = environment;
    // What a sanitizer is told about the test holds for the command as well.
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"}) {
      if (const char* value = std::getenv(name)) {
        variables.push_back(std::string(name) + "=" + value);
      }
    }
    variables.push_back("PATH=/usr/bin:/bin");
    const auto pointers = [](Strings& strings) {
      std::vector<char*> result;
      for (std::string& text : strings) result.push_back(text.data());
      result.push_back(nullptr);
      return result;
    };
    const std::string in = File("stdin", input);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "out").c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "err").c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t process = -1;
    EXPECT_EQ(posix_spawn(&process, program.c_str(), &actions, nullptr,
                          pointers(words).data(), pointers(variables).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    return process;
  }

  Result Wait(pid_t process) {
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    Result result;
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    result.out = ReadFile(folder_ / "out");
    result.err = ReadFile(folder_ / "err");
    return result;
  }

  Result Run(const Strings& arguments, const Strings& more = {},
             const Strings& environment = {}, const std::string& input = "") {
    Strings all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    return Wait(Start(all, environment, input));
  }

  // Runs a script of bash in which the command is on PATH.
  Result RunScript(const std::string& script) {
    return Wait(Start({"-c", CommandOnPath() + script}, {}, "", "/bin/bash"));
  }

  static std::string CommandOnPath() {
    return "PATH='" + std::filesystem::path(kCommand).parent_path().string() +
           "':\"$PATH\"\n";
  }

  // The names in the overview.
  Strings Commands() {
    Strings commands;
    bool in_list = false;
    for (const std::string& line : Lines(Run({"--help"}).out)) {
      if (in_list && line.empty()) break;
      if (in_list) commands.push_back(line.substr(2, line.find(' ', 2) - 2));
      if (line == "Commands:") in_list = true;
    }
    EXPECT_GE(commands.size(), 8u);
    return commands;
  }

  static Strings Lines(const std::string& text) {
    Strings lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  std::string target() const { return cloud_->ai_studio_endpoint(); }

  std::filesystem::path folder_;
  std::unique_ptr<testing::FakeCloud> cloud_;
  std::string roots_;
  Strings metadata_;
  Strings key_;
};

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_TESTS_CLI_TESTING_H_
