// A program ends when it wants to, whatever its credentials do. Each test runs
// this test program again, with a scene of its own to end in.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "gtest/gtest.h"
#include "src/core/provider.h"
#include "src/core/registry_core.h"
#include "tests/core_testing.h"
#include "tests/process_testing.h"
#include "tests/sanitizer_testing.h"

namespace aistudio::auth::internal {
namespace {

const absl::Duration kNone = absl::ZeroDuration();
constexpr char kPipe[] = "AISTUDIO_AUTH_TEST_PIPE";

#if AISTUDIO_AUTH_SANITIZED
constexpr absl::Duration kQuick = absl::Seconds(10);  // they look back at exit
#else
constexpr absl::Duration kQuick = absl::Seconds(1);
#endif

// In a scene: tells the test that the end begins.
void TellOfTheEnd() {
  const char* text = std::getenv(kPipe);
  int fd = -1;
  if (text == nullptr || !absl::SimpleAtoi(text, &fd)) return;
  EXPECT_EQ(write(fd, "x", 1), 1);
}

// In a scene: credentials whose fetch hangs.
struct Hanging {
  std::shared_ptr<FakeSource> source =
      std::make_shared<FakeSource>(Clock::Real());
  std::shared_ptr<Provider> provider;

  explicit Hanging(bool ignore_cancel, bool interrupt_at_exit = false) {
    source->Block(ignore_cancel);
    ProviderSpec spec = MakeSpec("id", source);
    spec.interrupt_at_exit = interrupt_at_exit;
    provider = *RegistryCore::Of(nullptr)->Share(std::move(spec));
    EXPECT_TRUE(source->WaitForCalls(1));
  }
};

// Runs a scene. Returns its exit code, or kHangs if it took long to end.
int RunScene(const std::string& name) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    setenv(kPipe, absl::StrCat(ends[1]).c_str(), 1);
    const std::string filter =
        absl::StrCat("--gtest_filter=ProcessExitScene.DISABLED_", name);
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execl("/proc/self/exe", "core_test", "--gtest_also_run_disabled_tests",
          filter.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  char told = 0;
  EXPECT_EQ(read(ends[0], &told, 1), 1) << "the scene did not come to its end";
  close(ends[0]);
  return WaitForExit(child, kQuick);
}

TEST(ProcessExitScene, DISABLED_ExitDuringAFetch) {
  const Hanging hanging(/*ignore_cancel=*/true);
  TellOfTheEnd();
  std::exit(0);
}
TEST(ProcessExitTest, ExitDoesNotWaitForAFetchThatHangs) {
  EXPECT_EQ(RunScene("ExitDuringAFetch"), 0);
}

TEST(ProcessExitScene, DISABLED_ReturnDuringAFetch) {
  const Hanging hanging(/*ignore_cancel=*/true);
  TellOfTheEnd();
}
TEST(ProcessExitTest, NorDoesTheReturnFromMain) {
  EXPECT_EQ(RunScene("ReturnDuringAFetch"), 0);
}

TEST(ProcessExitScene, DISABLED_ExitDuringAFetchThatCannotBeInterrupted) {
  const Hanging hanging(/*ignore_cancel=*/true, /*interrupt_at_exit=*/true);
  TellOfTheEnd();
  std::exit(0);
}
TEST(ProcessExitTest, AFetchThatCannotBeInterruptedDelaysExitByAMoment) {
  EXPECT_EQ(RunScene("ExitDuringAFetchThatCannotBeInterrupted"), 0);
}

TEST(ProcessExitScene, DISABLED_ExitInterruptsAFetch) {
  // Registered before the library's handler, so it runs after that.
  static Hanging* hanging = nullptr;
  std::atexit([] {
    const bool ended = hanging->source->cancels() == 1 &&
                       hanging->provider->Stats().failures == 0 &&
                       hanging->source->calls() == 1;
    if (!ended) _exit(3);
  });
  hanging = new Hanging(/*ignore_cancel=*/false, /*interrupt_at_exit=*/true);
  TellOfTheEnd();
  std::exit(0);
}
TEST(ProcessExitTest, AFetchThatAsksForItIsCancelledAndNotBegunAgain) {
  EXPECT_EQ(RunScene("ExitInterruptsAFetch"), 0);
}

TEST(ProcessExitScene, DISABLED_ExitWhileCallsWait) {
  static Hanging* hanging = nullptr;
  static auto* waiting = new Watched<bool>;
  hanging = new Hanging(/*ignore_cancel=*/true);
  std::thread([] {
    waiting->With([](bool& yes) { yes = true; });
    WaitUntilReady(*hanging->provider, kNone, absl::InfiniteDuration())
        .IgnoreError();
  }).detach();
  waiting->WaitFor([](bool yes) { return yes; });
  TellOfTheEnd();
  std::exit(0);
}
TEST(ProcessExitTest, ExitDoesNotWaitForCallsThatWait) {
  EXPECT_EQ(RunScene("ExitWhileCallsWait"), 0);
}

TEST(ProcessExitScene, DISABLED_UseAfterTheEnd) {
  static Hanging* hanging = nullptr;
  std::atexit([] {
    // As a destructor of static storage may do.
    const absl::Status status =
        WaitUntilReady(*hanging->provider, kNone, absl::InfiniteDuration());
    const auto late = RegistryCore::Of(nullptr)->Share(
        MakeSpec("late", std::make_shared<FakeSource>(Clock::Real())));
    if (status.ok() || !late.ok() || !HeaderOf(**late).empty()) _exit(3);
    hanging->provider.reset();
  });
  hanging = new Hanging(/*ignore_cancel=*/true);
  TellOfTheEnd();
  std::exit(0);
}
TEST(ProcessExitTest, CallsMadeAfterTheEndFailAtOnce) {
  EXPECT_EQ(RunScene("UseAfterTheEnd"), 0);
}

}  // namespace
}  // namespace aistudio::auth::internal
