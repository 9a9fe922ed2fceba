// ScopedEnv.

#include "aistudio/auth/testing/scoped_env.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace aistudio::auth::testing {
namespace {

constexpr char kName[] = "AISTUDIO_AUTH_SCOPED_ENV_TEST";

std::string Value(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "<none>" : value;
}

TEST(ScopedEnvTest, PutsBackWhatWasThere) {
  EXPECT_EQ(Value(kName), "<none>");
  {
    const ScopedEnv outer(kName, "outer");
    EXPECT_EQ(Value(kName), "outer");
    {
      const ScopedEnv inner(kName, "in=ner");
      EXPECT_EQ(Value(kName), "in=ner");
      const ScopedEnv unset(kName, std::nullopt);
      EXPECT_EQ(Value(kName), "<none>");
    }
    EXPECT_EQ(Value(kName), "outer");
    const ScopedEnv longer(std::string(kName) + "_LONGER", "other");
    EXPECT_EQ(Value(kName), "outer");
    const ScopedEnv empty(kName, "");
    EXPECT_EQ(Value(kName), "");
  }
  EXPECT_EQ(Value(kName), "<none>");
}

TEST(ScopedEnvTest, MixesWithSetenv) {
  const ScopedEnv ours(kName, "ours");
  setenv(kName, "theirs", /*overwrite=*/1);
  EXPECT_EQ(Value(kName), "theirs");
  const ScopedEnv again(kName, "again");
  EXPECT_EQ(Value(kName), "again");
}

TEST(ScopedEnvTest, OtherThreadsMayReadMeanwhile) {
  const ScopedEnv fixed(kName, "fixed");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        if (Value(kName) != "fixed") ++wrong;
        if (Value("AISTUDIO_AUTH_NO_SUCH_VARIABLE") != "<none>") ++wrong;
        ++reads;
      }
    });
  }
  for (int round = 0; round < 20 || reads < 200000; ++round) {
    std::vector<std::unique_ptr<ScopedEnv>> variables;
    for (int i = 0; i < 100; ++i) {
      variables.push_back(std::make_unique<ScopedEnv>(
          std::string(kName) + std::to_string(i), "value"));
    }
    while (!variables.empty()) variables.pop_back();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace aistudio::auth::testing
