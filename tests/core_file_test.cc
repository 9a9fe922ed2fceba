// What a core file of this process would hold.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "tests/function_source.h"

namespace aistudio::auth {
namespace {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// The writable memory that a core file gets.
std::vector<Range> DumpedMemory() {
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  Range range;
  bool is_writable = false;
  while (std::getline(maps, line)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) == 3) {
      range = {begin, end};
      is_writable = mode[0] == 'r' && mode[1] == 'w';
    } else if (line.rfind("VmFlags:", 0) == 0 && is_writable &&
               (line + " ").find(" dd ") == std::string::npos) {
      ranges.push_back(range);
    }
  }
  return ranges;
}

// Memory that is itself in no core file, so that looking leaves no traces.
class Buffer {
 public:
  Buffer()
      : data_(static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_EQ(madvise(data_, kSize, MADV_DONTDUMP), 0);
  }
  ~Buffer() { munmap(data_, kSize); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  char* data() { return data_; }

  static constexpr std::size_t kSize = 1 << 20;

 private:
  char* const data_;
};

// How often a text stands in that memory. It is given backwards, as is kept all
// the time: looking for it must not put it there.
int CountCopies(const std::string& backwards) {
  Buffer buffer;
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  int copies = 0;
  for (const Range& range : DumpedMemory()) {
    std::uint64_t at = range.begin;
    while (at < range.end) {
      const auto size = static_cast<std::size_t>(
          std::min<std::uint64_t>(Buffer::kSize, range.end - at));
      const ssize_t read =
          pread(memory, buffer.data(), size, static_cast<off_t>(at));
      if (read <= 0) break;  // gone meanwhile
      const char* const end = buffer.data() + read;
      for (const char* from = buffer.data();; ++from) {
        from = std::search(from, end, backwards.rbegin(), backwards.rend());
        if (from == end) break;
        ++copies;
      }
      if (at + static_cast<std::uint64_t>(read) >= range.end) break;
      // A text may lie across the border of two pieces.
      at += static_cast<std::uint64_t>(read) - (backwards.size() - 1);
    }
  }
  close(memory);
  return copies;
}

std::string Reversed(const std::string& text) {
  return std::string(text.rbegin(), text.rend());
}

// Long enough to lie on the heap. In the constants of the program it is
// backwards only, and in no other test.
constexpr char kBackwards[] = "d3tP-9vUwN6aK1rXe8Lq-5oGzC7hJb2M.1t";

TEST(CoreFileTest, CopiesOfATextAreFound) {
  std::string text = Reversed(kBackwards);
  EXPECT_GE(CountCopies(kBackwards), 1);
  std::fill(text.begin(), text.end(), ' ');
  EXPECT_EQ(CountCopies(kBackwards), 0);
}

TEST(CoreFileTest, ATokenIsInNoCoreFile) {
  RefreshOptions options;
  options.registry = ProviderRegistry::Create();
  const std::string backwards = std::string("ecruos-fo-") + kBackwards;
  ASSERT_EQ(CountCopies(backwards), 0);
  const auto credentials = TokenSourceCredentials(
      MakeSource([backwards] {
        return Token{Reversed(backwards), absl::InfiniteFuture()};
      }),
      options);
  ASSERT_EQ(credentials->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_EQ(credentials->status(), absl::OkStatus());
  EXPECT_EQ(CountCopies(backwards), 0);
}

TEST(CoreFileTest, FixedSecretsAreInNoCoreFile) {
  const auto api_key = ApiKeyCredentials(Reversed(kBackwards) + "\n");
  EXPECT_EQ(api_key->status(), absl::OkStatus());
  EXPECT_EQ(CountCopies(kBackwards), 0);
  const auto token = IamTokenCredentials(Reversed(kBackwards));
  EXPECT_EQ(token->status(), absl::OkStatus());
  EXPECT_EQ(CountCopies(kBackwards), 0);
}

}  // namespace
}  // namespace aistudio::auth
