// The commands that README.md shows, run as a person would paste them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cli_testing.h"

namespace aistudio::auth::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// The blocks of a shell under the heading "Command line".
Strings Blocks() {
  const std::string readme = ReadFile(kSourceTree / "README.md");
  Strings blocks;
  const std::size_t end = readme.find("\n## Errors");
  std::size_t at = readme.find("\n## Command line");
  while ((at = readme.find("\n```sh\n", at)) < end) {
    at += std::string("\n```sh\n").size();
    const std::size_t close = readme.find("```\n", at);
    blocks.push_back(readme.substr(at, close - at));
    at = close;
  }
  return blocks;
}

class CliReadmeTest : public CliTest {
 protected:
  // Another terminal, in a process group of its own, as Ctrl-C ends it.
  class Terminal {
   public:
    explicit Terminal(const std::string& script) {
      std::string words[] = {"bash", "-c", script};
      char* const arguments[] = {words[0].data(), words[1].data(),
                                 words[2].data(), nullptr};
      posix_spawnattr_t attributes;
      posix_spawnattr_init(&attributes);
      posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
      EXPECT_EQ(posix_spawn(&process_, "/bin/bash", nullptr, &attributes,
                            arguments, environ),
                0);
      posix_spawnattr_destroy(&attributes);
    }
    ~Terminal() { CtrlC(); }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void CtrlC() {
      if (process_ <= 0) return;
      kill(-process_, SIGINT);
      waitpid(process_, nullptr, 0);
      process_ = -1;
    }

   private:
    pid_t process_ = -1;
  };
};

TEST_F(CliReadmeTest, WhatItShowsWorksAsItIsWritten) {
  const Strings blocks = Blocks();
  ASSERT_THAT(blocks, SizeIs(2));
  const std::string& cloud = blocks[0];
  const std::string& commands = blocks[1];
  for (const char* command : {"detect", "check", "chat", "call", "header"}) {
    EXPECT_THAT(commands, HasSubstr(absl::StrCat("aistudio-auth ", command)));
  }

  const std::string start =
      absl::StrCat(CommandOnPath(), "cd '", folder_.string(), "' || exit 9\n");
  Terminal terminal(absl::StrCat(start, "exec >/dev/null 2>&1\n", cloud));
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (!absl::StrContains(ReadFile(folder_ / "cloud.env"), "# Running") &&
         absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(20));
  }

  // A secret of somebody's own is set, and must not get in the way.
  const Result result = RunScript(absl::StrCat(
      start, "export YC_API_KEY=AQVNmine\nset -e -o pipefail\n", commands));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(ContainsRegex("\\* 6 metadata "),
                                ContainsRegex("method    MetadataAuth\n"),
                                ContainsRegex("expires   [^ ]+ \\(in 11h59m"),
                                HasSubstr("You said: What is TLS?\n"),
                                HasSubstr("3 calls, 0 failed"),
                                HasSubstr("grpc-status: 0")));
  EXPECT_THAT(result.err, HasSubstr("this is a secret"));
}

}  // namespace
}  // namespace aistudio::auth::cli
