// Programs that are run: what they get, what is taken of them, and their end.

#include "src/io/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aistudio/auth/testing/scoped_env.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

bool Exists(pid_t process) {
  return std::filesystem::exists(absl::StrCat("/proc/", process));
}

// No child of this process, not even a dead one.
bool HasNoChildren() {
  siginfo_t info = {};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 &&
         errno == ECHILD;
}

class SubprocessTest : public ::testing::Test {
 protected:
  ~SubprocessTest() override { EXPECT_TRUE(WaitUntil(HasNoChildren)); }

  absl::StatusOr<ProcessResult> Shell(const std::string& script,
                                      absl::Duration timeout = kSoon) {
    return process_.Run({"sh", "-c", script}, timeout, &errors_);
  }

  Subprocess process_;
  std::string errors_;
};

TEST_F(SubprocessTest, OutputErrorsAndExitCodeAreTaken) {
  const auto result = Shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err\n");
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, std::nullopt);
}

TEST_F(SubprocessTest, ArgumentsGoThroughNoShell) {
  const std::vector<std::string> argv = {"printf", "[%s]", "a b", "$HOME",
                                         "*",      "'",    "",    "\\n"};
  const auto result = process_.Run(argv, kSoon);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "[a b][$HOME][*]['][][\\n]");
}

TEST_F(SubprocessTest, TheEnvironmentIsInherited) {
  const testing::ScopedEnv variable("AISTUDIO_AUTH_SUBPROCESS_TEST", "here");
  const auto result = Shell("printf %s \"$AISTUDIO_AUTH_SUBPROCESS_TEST\"");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "here");
}

TEST_F(SubprocessTest, StdinIsEmpty) {
  const auto result = Shell("cat; echo end");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "end\n");
}

TEST_F(SubprocessTest, OtherFilesAreNotInherited) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const auto result = Shell("ls /proc/$$/fd");
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "0\n1\n2\n");
}

TEST_F(SubprocessTest, SignalsAreNeitherBlockedNorIgnored) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto old = signal(SIGPIPE, SIG_IGN);
  const auto result = Shell("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  signal(SIGPIPE, old);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  // The C library has two signals of its own, 32 and 33.
  EXPECT_THAT(result->output,
              MatchesRegex("SigBlk:\t0+\nSigIgn:\t0+(180000000)?\n"));
}

TEST_F(SubprocessTest, ItHasAProcessGroupOfItsOwn) {
  const auto result = Shell("echo $$; cut -d' ' -f5 /proc/$$/stat");
  ASSERT_TRUE(result.ok()) << result.status();
  const std::string id = result->output.substr(0, result->output.find('\n'));
  EXPECT_EQ(result->output, id + "\n" + id + "\n");
}

TEST_F(SubprocessTest, ClosedStandardFilesOfThisProcessDoNotMatter) {
  const int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  const int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  const auto result = Shell("cat; echo out; echo err >&2");
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  close(in);
  close(out);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err\n");
}

TEST_F(SubprocessTest, ProgramsThatCannotBeRunSayWhy) {
  EXPECT_EQ(
      process_.Run({"aistudio-auth-no-such-program"}, kSoon).status().code(),
      absl::StatusCode::kNotFound);
  EXPECT_EQ(process_.Run({"/no/such/program"}, kSoon).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(process_.Run({"/etc/passwd"}, kSoon).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(process_.Run({"/tmp"}, kSoon).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(process_.Run({}, kSoon).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Shell("true", absl::ZeroDuration()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SubprocessTest, ASignalThatEndedItIsReported) {
  const auto result = Shell("kill -SEGV $$");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->signal, SIGSEGV);
  EXPECT_EQ(result->exit_code, std::nullopt);
}

TEST_F(SubprocessTest, AllOf64KiBIsTakenAndNoMore) {
  const auto whole = Shell("head -c 65536 /dev/zero | tr '\\0' x");
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_THAT(whole->output, SizeIs(65536));
  const absl::Status more =
      Shell("head -c 65537 /dev/zero | tr '\\0' x").status();
  EXPECT_EQ(more.code(), absl::StatusCode::kOutOfRange) << more;
}

TEST_F(SubprocessTest, EndlessOutputEndsIt) {
  const absl::Time start = absl::Now();
  const auto result = Shell("echo why >&2; exec yes");
  EXPECT_EQ(result.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(errors_, "why\n");
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(SubprocessTest, TooMuchOnStderrIsDropped) {
  const auto result =
      Shell("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo out");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, std::string(65536, 'e'));
}

// Runs `script`, which would never end and prints process ids on stderr, and
// expects that all of it has ended within `bound`.
class SubprocessEndTest : public SubprocessTest {
 protected:
  void ExpectEnd(const std::string& script, absl::Duration bound) {
    const absl::Time start = absl::Now();
    const auto result = Shell(script, absl::Milliseconds(300));
    EXPECT_LT(absl::Now() - start, bound);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded)
        << result.status();
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("300ms"));
    ExpectAllGone();
  }

  void ExpectAllGone() {
    int count = 0;
    for (std::size_t at = 0; at < errors_.size();) {
      const std::size_t end = errors_.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      pid_t process = 0;
      ASSERT_TRUE(absl::SimpleAtoi(errors_.substr(at, end - at), &process));
      // Its own parent is init, which takes a moment.
      EXPECT_TRUE(WaitUntil([&] { return !Exists(process); })) << process;
      at = end + 1;
      ++count;
    }
    EXPECT_GT(count, 0) << errors_;
  }
};

TEST_F(SubprocessEndTest, OneThatHangsIsEndedAtTheDeadline) {
  ExpectEnd("echo $$ >&2; exec sleep 1000", absl::Milliseconds(700));
}

TEST_F(SubprocessEndTest, OneThatIsStoppedIsEndedAtTheDeadline) {
  ExpectEnd("echo $$ >&2; kill -STOP $$; exec sleep 1000", absl::Seconds(3));
}

TEST_F(SubprocessEndTest, OneThatIgnoresSigtermIsKilledSoonAfter) {
  ExpectEnd("trap '' TERM; echo $$ >&2; while :; do sleep 1000; done",
            absl::Seconds(3));
}

TEST_F(SubprocessEndTest, TheWholeGroupIsEnded) {
  ExpectEnd("trap '' TERM; sleep 1000 & echo $! >&2; echo $$ >&2; wait",
            absl::Seconds(3));
}

TEST_F(SubprocessEndTest, OneThatPrintsAndHangsIsEnded) {
  ExpectEnd("echo $$ >&2; while :; do echo x >&1; sleep 0.01; done",
            absl::Seconds(3));
}

TEST_F(SubprocessEndTest, CancelEndsItFromAnotherThread) {
  std::thread canceller;
  absl::Time cancelled;
  // Told by a file that it runs.
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) /
      absl::StrCat("subprocess_test_", getpid());
  canceller = std::thread([&] {
    EXPECT_TRUE(WaitUntil([&] { return std::filesystem::exists(file); }));
    cancelled = absl::Now();
    process_.Cancel();
  });
  const auto result =
      Shell("echo $$ >&2; touch " + file.string() + "; exec sleep 1000");
  const absl::Time ended = absl::Now();
  canceller.join();
  std::filesystem::remove(file);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(ended - cancelled, absl::Seconds(1));
  ExpectAllGone();
}

TEST_F(SubprocessTest, CancelMeansNothingToLaterRuns) {
  process_.Cancel();
  EXPECT_TRUE(Shell("true").ok());
  process_.Cancel();
  EXPECT_TRUE(Shell("true").ok());
}

TEST_F(SubprocessTest, AGrandchildThatHoldsThePipesHoldsUpNobody) {
  const absl::Time start = absl::Now();
  const auto result = Shell("sleep 5 & echo $!; exit 3");
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3);
  pid_t grandchild = 0;
  ASSERT_TRUE(absl::SimpleAtoi(result->output, &grandchild));
  // The program ended by itself: what it left running is its own affair.
  EXPECT_EQ(kill(grandchild, SIGKILL), 0);
}

TEST_F(SubprocessTest, AGrandchildInAGroupOfItsOwnHoldsUpNobody) {
  const absl::Time start = absl::Now();
  const auto result =
      Shell("setsid sleep 5 & exec sleep 1000", absl::Milliseconds(200));
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
}

// What an application may do with SIGCHLD.
TEST_F(SubprocessTest, AnApplicationMayIgnoreItsChildren) {
  const auto old = signal(SIGCHLD, SIG_IGN);
  const auto result = Shell("echo out; exit 3");
  const auto late = Shell("exec sleep 1000", absl::Milliseconds(100));
  signal(SIGCHLD, old);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->exit_code, std::nullopt);
  EXPECT_EQ(result->signal, std::nullopt);
  EXPECT_EQ(late.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SubprocessTest, ManyRunsAtOnceKeepApart) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([i] {
      Subprocess process;
      const std::string number = absl::StrCat(i);
      const auto result = process.Run(
          {"sh", "-c", "echo " + number + "; exit " + number}, kSoon);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->output, number + "\n");
      EXPECT_EQ(result->exit_code, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace aistudio::auth::internal
