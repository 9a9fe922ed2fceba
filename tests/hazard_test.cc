#include "src/core/hazard.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core_testing.h"

namespace aistudio::auth::internal {
namespace {

// Tells a whole object from a freed or half-written one.
struct Value {
  explicit Value(int number) : a(number), b(-number) {}
  ~Value() { a = b = 7; }
  bool IsWhole() const { return a + b == 0; }
  int a;
  int b;
};

// Replaces a value under the eyes of readers, as a provider does.
class Writer {
 public:
  ~Writer() {
    delete current.load();
    for (const Value* value : retired_) delete value;
  }
  void Replace(int number) {
    retired_.push_back(current.exchange(new Value(number)));
    std::vector<const Value*> kept;
    for (const Value* value : retired_) {
      if (IsHazardous(value)) {
        kept.push_back(value);
      } else {
        delete value;
      }
    }
    retired_ = std::move(kept);
  }
  std::size_t retired() const { return retired_.size(); }

  std::atomic<const Value*> current{new Value(0)};

 private:
  std::vector<const Value*> retired_;
};

TEST(HazardTest, WhatIsReadIsHazardousUntilTheGuardEnds) {
  Writer writer;
  const Value* first = nullptr;
  {
    HazardGuard guard;
    first = guard.Protect(writer.current);
    EXPECT_TRUE(IsHazardous(first));
    writer.Replace(1);
    EXPECT_EQ(writer.retired(), 1U);
    EXPECT_TRUE(first->IsWhole());
  }
  EXPECT_FALSE(IsHazardous(first));
  writer.Replace(2);
  EXPECT_EQ(writer.retired(), 0U);
}

TEST(HazardTest, AGuardCanProtectOneAfterAnother) {
  const Value a(1);
  const Value b(2);
  const std::atomic<const Value*> first{&a};
  const std::atomic<const Value*> second{&b};
  HazardGuard guard;
  EXPECT_EQ(guard.Protect(first), &a);
  EXPECT_EQ(guard.Protect(second), &b);
  EXPECT_FALSE(IsHazardous(&a));
  EXPECT_TRUE(IsHazardous(&b));
}

TEST(HazardTest, OtherThreadsAreSeen) {
  const Value value(1);
  const std::atomic<const Value*> source{&value};
  Watched<int> step;
  std::thread reader([&] {
    HazardGuard guard;
    guard.Protect(source);
    step.With([](int& n) { n = 1; });
    step.WaitFor([](int n) { return n == 2; });
  });
  ASSERT_TRUE(step.WaitFor([](int n) { return n == 1; }));
  EXPECT_TRUE(IsHazardous(&value));
  step.With([](int& n) { n = 2; });
  reader.join();
  EXPECT_FALSE(IsHazardous(&value));
}

TEST(HazardTest, ReadersRacingAWriterSeeWholeValues) {
  Writer writer;
  std::atomic<bool> done{false};
  std::atomic<int> broken{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!done) {
        HazardGuard guard;
        const Value* value = guard.Protect(writer.current);
        if (!value->IsWhole() || value->a < last) ++broken;
        last = value->a;
      }
    });
  }
  for (int number = 1; number <= 20000; ++number) {
    writer.Replace(number);
    ASSERT_LE(writer.retired(), readers.size());
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(broken, 0);
}

TEST(HazardTest, ThreadsThatComeAndGoReuseSlots) {
  Writer writer;
  std::atomic<int> broken{0};
  for (int round = 1; round <= 100; ++round) {
    std::vector<std::thread> readers;
    for (int i = 0; i < 8; ++i) {
      readers.emplace_back([&] {
        for (int turn = 0; turn < 10; ++turn) {
          HazardGuard guard;
          if (!guard.Protect(writer.current)->IsWhole()) ++broken;
        }
      });
    }
    writer.Replace(round);
    for (auto& reader : readers) reader.join();
  }
  writer.Replace(1000);
  EXPECT_EQ(writer.retired(), 0U) << "those that ended hold nothing";
  EXPECT_EQ(broken, 0);
}

// Reads when its thread has already given its slot back.
struct LateReader {
  ~LateReader() {
    if (source == nullptr) return;
    HazardGuard guard;
    *whole = guard.Protect(*source)->IsWhole();
  }
  const std::atomic<const Value*>* source = nullptr;
  std::atomic<bool>* whole = nullptr;
};

TEST(HazardTest, AThreadMayReadWhileItsLocalsAreDestroyed) {
  const Value value(1);
  const std::atomic<const Value*> source{&value};
  std::atomic<bool> whole{false};
  std::thread reader([&] {
    // Made before the slot, so destroyed after it.
    static thread_local LateReader late;
    late.source = &source;
    late.whole = &whole;
    HazardGuard guard;
    guard.Protect(source);
  });
  reader.join();
  EXPECT_TRUE(whole);
  EXPECT_FALSE(IsHazardous(&value));
}

}  // namespace
}  // namespace aistudio::auth::internal
