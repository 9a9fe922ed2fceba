// The contract between a plugin and gRPC, and what a call costs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <new>
#include <string>
#include <thread>

#include "grpc/grpc_security.h"
#include "tests/auth_testing.h"
#include "tests/plugin_testing.h"

namespace {

// Counted by the replaced operator new below, on one thread only.
thread_local bool counts_allocations = false;
thread_local int allocations = 0;

void* Allocate(std::size_t size) {
  if (counts_allocations) ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace aistudio::auth {
namespace {

// Answers when told to.
class GatedSource final : public TokenSource {
 public:
  absl::StatusOr<Token> Fetch(absl::Time) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
    return Token{"gated-token", absl::Now() + absl::Hours(1)};
  }
  void Cancel() override { Open(); }
  std::string DebugString() const override { return "gated"; }
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class PluginTest : public ::testing::Test {
 protected:
  ~PluginTest() override { source_->Open(); }

  void MakeReady() {
    source_->Open();
    ASSERT_EQ(credentials_.WaitUntilReady(absl::Seconds(10)), absl::OkStatus());
  }

  std::shared_ptr<GatedSource> source_ = std::make_shared<GatedSource>();
  RefreshOptions options_ = [] {
    RefreshOptions options;
    options.registry = ProviderRegistry::Create();
    return options;
  }();
  Credentials credentials_ = *TokenSourceCredentials(source_, options_);
};

TEST_F(PluginTest, TheFirstIsBlockingIsTrueSinceGrpcMakesItsPoolHandleThen) {
  MakeReady();
  const auto plugin = credentials_.MakePlugin();
  EXPECT_TRUE(plugin->IsBlocking());
  EXPECT_FALSE(plugin->IsBlocking());
}

TEST_F(PluginTest, IsBlockingAsLongAsACallHasToWait) {
  const auto plugin = credentials_.MakePlugin();
  EXPECT_TRUE(plugin->IsBlocking());
  EXPECT_TRUE(plugin->IsBlocking());
  MakeReady();
  EXPECT_FALSE(plugin->IsBlocking());
  Metadata metadata;
  EXPECT_TRUE(GetMetadata(*plugin, &metadata).ok());
  EXPECT_THAT(metadata, ::testing::ElementsAre(::testing::Pair(
                            "authorization", "Bearer gated-token")));
}

TEST_F(PluginTest, ABlockingCallWaitsForTheToken) {
  const auto plugin = credentials_.MakePlugin();
  ASSERT_TRUE(plugin->IsBlocking());
  ASSERT_TRUE(plugin->IsBlocking());
  Metadata metadata;
  grpc::Status status;
  std::thread pool([&] { status = GetMetadata(*plugin, &metadata); });
  source_->Open();
  pool.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(metadata.count("authorization"), 1u);
}

TEST_F(PluginTest, AReadyCallMakesNoMoreAllocationsThanAConstantPlugin) {
  MakeReady();
  const auto plugin = credentials_.MakePlugin();
  plugin->IsBlocking();
  Metadata warm_up;
  ASSERT_FALSE(plugin->IsBlocking());
  ASSERT_TRUE(GetMetadata(*plugin, &warm_up).ok());

  Metadata metadata;
  counts_allocations = true;
  allocations = 0;
  const bool blocks = plugin->IsBlocking();
  const grpc::Status status = GetMetadata(*plugin, &metadata);
  counts_allocations = false;
  EXPECT_FALSE(blocks);
  EXPECT_TRUE(status.ok());
  // The map's node, and a value too long for its own storage.
  EXPECT_EQ(allocations, 2);
}

TEST_F(PluginTest, CallCredentialsNameTheMethodAndNothingSecret) {
  MakeReady();
  const std::string text = credentials_.call_credentials()->DebugString();
  EXPECT_THAT(text, ::testing::HasSubstr("TokenSourceAuth{gated}"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("gated-token")));
}

TEST_F(PluginTest, DroppingEverythingDuringAFetchIsQuick) {
  const absl::Time start = absl::Now();
  {
    const auto plugin = credentials_.MakePlugin();
    credentials_ = NoCredentials();
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
}

}  // namespace
}  // namespace aistudio::auth
