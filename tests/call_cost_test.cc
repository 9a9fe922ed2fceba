// What a call with a ready token costs, in figures that are the same on every
// machine and under every load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/auth_testing.h"
#include "tests/call_cost_testing.h"
#include "tests/sanitizer_testing.h"
#include "tests/shell_testing.h"

// Where Bazel puts them.
#ifndef AISTUDIO_AUTH_INSTRUCTION_PROBE
#define AISTUDIO_AUTH_INSTRUCTION_PROBE "tests/instruction_probe"
#define AISTUDIO_AUTH_ALLOCATION_PROBE "tests/allocation_probe"
#endif

namespace aistudio::auth {
namespace {

constexpr char kInstructionProbe[] = AISTUDIO_AUTH_INSTRUCTION_PROBE;
constexpr char kAllocationProbe[] = AISTUDIO_AUTH_ALLOCATION_PROBE;

constexpr bool kIsSanitized = AISTUDIO_AUTH_SANITIZED;

// In all, and beyond a constant plugin's. The latter is no ratio, since
// compilers take 455 (clang 21) to 604 instructions (clang 14) for a constant
// plugin, and what comes on top does not shrink with them. clang inlines less
// of it.
#ifdef __clang__
constexpr double kMostInstructions = 800;
constexpr double kMostBeyondConstant = 181;
#else
constexpr double kMostInstructions = 750;
constexpr double kMostBeyondConstant = 137;
#endif

constexpr bool kIsOptimized =
#ifdef __OPTIMIZE__
    true;
#else
    false;
#endif

class CallCostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kIsSanitized || !kIsOptimized) {
      GTEST_SKIP() << "the build is "
                   << (kIsSanitized ? "sanitized" : "not optimized")
                   << "; what is counted would say nothing of the library";
    }
    std::string path = ::testing::TempDir() + "/call_cost_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
  }

  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The instructions of so many calls of a plugin; 0 if they were not counted.
  long long CountInstructions(const std::string& plugin, int calls) {
    const std::filesystem::path file = folder_ / (plugin + ".callgrind");
    const ShellResult valgrind = RunInShell(
        {"valgrind", "--tool=callgrind", "--collect-atstart=no",
         "--toggle-collect=CallPlugin", "--callgrind-out-file=" + file.string(),
         kInstructionProbe, plugin, std::to_string(calls)});
    EXPECT_EQ(valgrind.exit_code, 0) << valgrind.out;
    std::ifstream profile(file);
    for (std::string word; profile >> word;) {
      long long instructions = 0;
      if (word == "totals:" && profile >> instructions) return instructions;
    }
    ADD_FAILURE() << "no totals in callgrind's file: " << valgrind.out;
    return 0;
  }

  // Of one call, without what the first ones and the counting cost.
  double InstructionsPerCall(const std::string& plugin) {
    constexpr int kFew = 1000;
    constexpr int kMany = 5000;
    const long long few = CountInstructions(plugin, kFew);
    const long long many = CountInstructions(plugin, kMany);
    return static_cast<double>(many - few) / (kMany - kFew);
  }

  std::filesystem::path folder_;
};

TEST_F(CallCostTest, AReadyCallTakesHardlyMoreInstructionsThanAConstantPlugin) {
  if (RunInShell({"valgrind", "--version"}).exit_code == kNoSuchCommand) {
    GTEST_SKIP() << "valgrind is not installed, which counts instructions";
  }
  const double constant = InstructionsPerCall("constant");
  const double ready = InstructionsPerCall("ready");
  RecordProperty("constant", std::to_string(constant));
  RecordProperty("ready", std::to_string(ready));
  std::printf("instructions per call: constant %.2f, ready %.2f\n", constant,
              ready);
  ASSERT_GT(constant, 0);
  EXPECT_LE(ready, kMostInstructions);
  EXPECT_LE(ready - constant, kMostBeyondConstant);
}

TEST_F(CallCostTest, AReadyCallMakesNoSystemCall) {
  const auto sealed = [](const std::string& plugin) {
    return RunInShell({kInstructionProbe, plugin, "1000", "sealed"}).exit_code;
  };
  const int constant = sealed("constant");
  if (constant == kNoSealExitCode) {
    GTEST_SKIP() << "this kernel has no seccomp, which notices system calls";
  }
  EXPECT_EQ(constant, 0);
  EXPECT_EQ(sealed("writing"), kSystemCallExitCode);
  EXPECT_EQ(sealed("ready"), 0);
}

TEST_F(CallCostTest, AReadyRpcMakesAtMostEightAllocationsMoreThanAFixedToken) {
  const auto cloud = StartCloud();
  const Credentials credentials = *ServiceAccountKeyCredentials(
      cloud->service_account_key_json(), cloud->iam_options());
  ASSERT_EQ(credentials.WaitUntilReady(absl::Seconds(60)), absl::OkStatus());
  const std::filesystem::path roots = folder_ / "root.pem";
  std::ofstream(roots) << cloud->root_certificates();
  const ShellResult probe =
      RunInShell({kAllocationProbe, cloud->ai_studio_endpoint(), roots.string(),
                  cloud->iam().last_token()});
  ASSERT_EQ(probe.exit_code, 0) << probe.out;
  long access_token = 0;
  long ready = 0;
  ASSERT_EQ(std::sscanf(probe.out.c_str(), "access_token %ld ready %ld",
                        &access_token, &ready),
            2)
      << probe.out;
  std::printf("allocations per RPC: AccessTokenCredentials %ld, ready %ld\n",
              access_token, ready);
  ASSERT_GT(access_token, 0);
  EXPECT_LE(ready, access_token + 8);
}

}  // namespace
}  // namespace aistudio::auth
