// Tokens from a source of the application's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "tests/auth_testing.h"
#include "tests/function_source.h"
#include "tests/secret_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::HasSubstr;

constexpr char kSecret[] = "t1.zQ7Kp2Vx9Lm4Tn8RsW3bYd6HfG1JcX5Z";

class TokenSourceTest : public ::testing::Test {
 protected:
  TokenSourceTest() { options_.registry = registry_; }

  // What waiting for a token of `fetch` ends with.
  absl::Status ErrorOf(FunctionSource::Function fetch) {
    const auto credentials =
        TokenSourceCredentials(MakeSource(std::move(fetch)), options_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return credentials->WaitUntilReady(absl::Seconds(20));
  }

  EventLog events_;
  std::shared_ptr<ProviderRegistry> registry_ =
      ProviderRegistry::Create({nullptr, events_.callback()});
  RefreshOptions options_;
};

class NamelessSource final : public TokenSource {
 public:
  explicit NamelessSource(std::function<std::string()> name)
      : name_(std::move(name)) {}
  absl::StatusOr<Token> Fetch(absl::Time) override {
    return absl::NotFoundError("nothing here");
  }
  std::string DebugString() const override { return name_(); }

 private:
  const std::function<std::string()> name_;
};

TEST_F(TokenSourceTest, ErrorsArriveWithCodeAndText) {
  EXPECT_EQ(
      ErrorOf([] { return absl::NotFoundError("no such path; make it"); }),
      absl::NotFoundError("TokenSourceAuth: function: no such path; make it"));
}

TEST_F(TokenSourceTest, SecretsInErrorsAreBlottedOut) {
  const absl::Status status = ErrorOf([] {
    return absl::PermissionDeniedError(std::string("the token ") + kSecret +
                                       " is not\nallowed");
  });
  EXPECT_EQ(status,
            absl::PermissionDeniedError("TokenSourceAuth: function: the token "
                                        "[redacted] is not allowed"));
}

TEST_F(TokenSourceTest, AnExceptionIsInternalAndHealsLikeAnyError) {
  options_.initial_backoff = absl::Milliseconds(10);
  const auto attempts = std::make_shared<std::atomic<int>>(0);
  const auto credentials = TokenSourceCredentials(
      MakeSource([attempts]() -> absl::StatusOr<Token> {
        switch (++*attempts) {
          case 1:
            throw std::runtime_error(std::string("refused ") + kSecret);
          case 2:
            throw 42;
          default:
            return Token{kSecret, absl::InfiniteFuture()};
        }
      }),
      options_);
  EXPECT_EQ(credentials->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  ASSERT_TRUE(events_.WaitForSuccesses(1));
  const auto events = events_.events();
  ASSERT_EQ(events.size(), 3u);
  for (const RefreshEvent& event : {events[0], events[1]}) {
    EXPECT_EQ(event.status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(event.status.message()),
                HasSubstr("function: Fetch threw an exception"));
    EXPECT_EQ(RunOf(kSecret, event.status.ToString(), 8), "");
  }
  EXPECT_THAT(std::string(events[0].status.message()),
              HasSubstr("refused [redacted]"));
}

TEST_F(TokenSourceTest, TokensThatAreNoneAreErrors) {
  options_.fetch_timeout = absl::Milliseconds(50);
  const std::pair<Token, const char*> kCases[] = {
      {{"", absl::InfiniteFuture()}, "is empty"},
      {{std::string(kSecret) + "\n" + kSecret, absl::InfiniteFuture()},
       "a line break"},
      {{std::string("Bearer ") + kSecret, absl::InfiniteFuture()},
       "white space"},
      {{kSecret, absl::Time()}, "had expired"},
      {{std::string(8000, 'a'), absl::InfiniteFuture()}, "8000 bytes"},
  };
  for (const auto& [token, fault] : kCases) {
    const absl::Status status = ErrorOf([given = token] { return given; });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_TRUE(HasForm(status, "TokenSourceAuth"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault));
    EXPECT_EQ(RunOf(kSecret, status.ToString(), 8), "");
  }
}

TEST_F(TokenSourceTest, ASourceThatHasNoNameIsStillOne) {
  const std::function<std::string()> kNames[] = {
      [] { return std::string(); },
      []() -> std::string { throw std::runtime_error(kSecret); },
      []() -> std::string { throw 42; },
  };
  for (const auto& name : kNames) {
    const auto credentials = TokenSourceCredentials(
        std::make_shared<NamelessSource>(name), options_);
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    EXPECT_EQ(credentials->DebugString(), "TokenSourceAuth{token source}");
    EXPECT_EQ(
        credentials->WaitUntilReady(absl::Seconds(20)),
        absl::NotFoundError("TokenSourceAuth: token source: nothing here"));
  }
}

TEST_F(TokenSourceTest, ANameIsBlottedOutToo) {
  const auto credentials = TokenSourceCredentials(
      MakeSource(
          [] {
            return Token{kSecret, absl::InfiniteFuture()};
          },
          std::string("vault\n") + kSecret),
      options_);
  EXPECT_EQ(credentials->DebugString(), "TokenSourceAuth{vault [redacted]}");
}

TEST_F(TokenSourceTest, OneSourceMakesOneProvider) {
  const auto fetches = std::make_shared<std::atomic<int>>(0);
  const auto make = [fetches] {
    return MakeSource([fetches] {
      ++*fetches;
      return Token{kSecret, absl::Now() + absl::Hours(1)};
    });
  };
  const auto source = make();
  const auto first = TokenSourceCredentials(source, options_);
  const auto second = TokenSourceCredentials(source, options_);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_EQ(first->status(), absl::OkStatus());
  EXPECT_EQ(first->call_credentials(), second->call_credentials());
  EXPECT_EQ(*fetches, 1);
  EXPECT_EQ(registry_->Snapshot().size(), 1u);

  const auto other = TokenSourceCredentials(make(), options_);
  EXPECT_EQ(other->WaitUntilReady(absl::Seconds(20)), absl::OkStatus());
  EXPECT_EQ(*fetches, 2);
  EXPECT_EQ(registry_->Snapshot().size(), 2u);
}

TEST_F(TokenSourceTest, OneSourceCannotServeTwoSetsOfOptions) {
  const auto source = MakeSource([] {
    return Token{kSecret, absl::InfiniteFuture()};
  });
  auto first = TokenSourceCredentials(source, options_);
  ASSERT_TRUE(first.ok());
  RefreshOptions other = options_;
  other.max_age = absl::Minutes(1);
  const absl::Status status = TokenSourceCredentials(source, other).status();
  ExpectBadInput(status, "TokenSourceAuth", kSecret);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("in use with other RefreshOptions"));
  // Once the first handle is gone, it may.
  first = absl::CancelledError();
  EXPECT_EQ(TokenSourceCredentials(source, other).status(), absl::OkStatus());
}

}  // namespace
}  // namespace aistudio::auth
