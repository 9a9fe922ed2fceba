#include "src/base/secret.h"

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace aistudio::auth::internal {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

const char kText[] = "a secret of some length, beyond any small buffer";

TEST(WipeTest, ClearsAlsoWhatIsBeyondTheEnd) {
  std::string text = kText;
  const std::size_t capacity = text.capacity();
  text.resize(3);
  const char* bytes = text.data();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), bytes);
  text.resize(
      capacity);  // in place: shows what was there, but for the first byte
  EXPECT_THAT(text, Each('\0'));
}

TEST(WipeTest, AcceptsTheEmptyString) {
  std::string text;
  Wipe(text);
  EXPECT_TRUE(text.empty());
}

TEST(SecretTest, GivesBackWhatItHolds) {
  const std::string with_zero("a\0b", 3);
  EXPECT_EQ(Secret(kText).Expose(), kText);
  EXPECT_EQ(Secret(with_zero).Expose(), with_zero);
  const std::string long_text(100000, 'x');
  EXPECT_EQ(Secret(long_text).Expose(), long_text);
  EXPECT_EQ(Secret(kText).size(), sizeof(kText) - 1);
  EXPECT_FALSE(Secret(kText).empty());
}

TEST(SecretTest, MayBeEmpty) {
  const Secret none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.Expose(), "");
  EXPECT_TRUE(Secret("").empty());
}

TEST(SecretTest, TakeWipesTheSource) {
  std::string text = kText;
  const Secret secret = Secret::Take(text);
  EXPECT_EQ(secret.Expose(), kText);
  EXPECT_TRUE(text.empty());
  text.resize(sizeof(kText) - 1);
  EXPECT_THAT(text, Each('\0'));
}

TEST(SecretTest, MovesButDoesNotCopy) {
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_copy_assignable_v<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
  Secret first(kText);
  const char* bytes = first.Expose().data();
  Secret second(std::move(first));
  EXPECT_EQ(second.Expose().data(), bytes);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  Secret third("other");
  third = std::move(second);
  EXPECT_EQ(third.Expose(), kText);
  Secret& itself = third;
  third = std::move(itself);
  EXPECT_EQ(third.Expose(), kText);
  third = Secret();
  EXPECT_TRUE(third.empty());
}

TEST(SecretTest, ManyComeAndGo) {
  for (int i = 0; i < 10000; ++i) {
    const Secret secret(std::to_string(i));
    ASSERT_EQ(secret.Expose(), std::to_string(i));
  }
}

#ifdef __linux__
// What /proc/self/smaps says of the memory around `address`.
std::string MappingOf(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::string mapping;
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    if (words >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= wanted && wanted < end;
    }
    if (inside) mapping += line + "\n";
  }
  return mapping;
}

TEST(SecretTest, StaysOutOfCoreFiles) {
  const Secret secret(kText);
  const std::string mapping = MappingOf(secret.Expose().data());
  ASSERT_FALSE(mapping.empty());
  if (mapping.find("VmFlags:") == std::string::npos) {
    GTEST_SKIP() << "this kernel does not tell";
  }
  EXPECT_THAT(mapping, HasSubstr(" dd "));
}
#endif

}  // namespace
}  // namespace aistudio::auth::internal
