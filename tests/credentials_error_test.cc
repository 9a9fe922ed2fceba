// CredentialsError: what gRPC hides comes back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "aistudio/auth/credentials.h"
#include "src/grpc/error_format.h"
#include "tests/auth_testing.h"
#include "tests/function_source.h"

namespace aistudio::auth {
namespace {

constexpr char kGrpcPrefix[] =
    "Getting metadata from plugin failed with error: ";

absl::Status FromText(const std::string& text) {
  return CredentialsError(grpc::Status(grpc::StatusCode::UNAVAILABLE, text));
}

TEST(CredentialsErrorTest, EveryCodeComesBackFromThePluginsStatus) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status error(static_cast<absl::StatusCode>(code),
                             "where: what; what to do");
    const grpc::Status plugin = internal::ToPluginStatus("SomeAuth", error);
    const absl::Status expected(error.code(),
                                "SomeAuth: where: what; what to do");
    EXPECT_EQ(CredentialsError(plugin), expected);
    EXPECT_EQ(FromText(kGrpcPrefix + plugin.error_message()), expected);
    EXPECT_TRUE(plugin.error_code() == grpc::StatusCode::UNAVAILABLE ||
                plugin.error_code() == grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST(CredentialsErrorTest, EveryCodeComesBackFromACall) {
  const auto cloud = StartCloud();
  for (int code = 1; code <= 16; ++code) {
    const absl::Status error(static_cast<absl::StatusCode>(code), "so it is");
    RefreshOptions options;
    options.fetch_timeout = absl::Milliseconds(50);
    options.registry = ProviderRegistry::Create();
    const auto credentials =
        TokenSourceCredentials(MakeSource([error] { return error; }), options);
    const grpc::Status status = Call(Connect(*cloud, *credentials));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(CredentialsError(status),
              absl::Status(error.code(), "TokenSourceAuth: function: so it is"))
        << status.error_message();
  }
}

TEST(CredentialsErrorTest, WhatIsNotOursIsOk) {
  EXPECT_EQ(CredentialsError(grpc::Status::OK), absl::OkStatus());
  for (const char* text :
       {"", "connection refused", "failed to connect to all addresses",
        "Getting metadata from plugin failed with error: Illegal metadata",
        "Getting metadata from plugin failed with error: other-library[x]: "
        "UNAVAILABLE: where: what; what to do"}) {
    EXPECT_EQ(FromText(text), absl::OkStatus()) << text;
  }
}

TEST(CredentialsErrorTest, AServiceThatQuotesOurTextIsNotOurs) {
  const std::string ours =
      internal::ToPluginStatus("SomeAuth",
                               absl::UnauthenticatedError("a: b; c"))
          .error_message();
  for (const std::string& text :
       {"a proxy said: " + ours, "\"" + ours + "\"", " " + ours,
        std::string("upstream: ") + kGrpcPrefix + ours,
        std::string(kGrpcPrefix) + "upstream: " + ours}) {
    EXPECT_EQ(FromText(text), absl::OkStatus()) << text;
    EXPECT_EQ(
        CredentialsError(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, text)),
        absl::OkStatus());
  }
}

TEST(CredentialsErrorTest, MalformedTextsNeverCrash) {
  const std::string whole =
      std::string(kGrpcPrefix) +
      "aistudio-auth[SomeAuth]: UNAVAILABLE: where: what; what to do";
  ASSERT_EQ(FromText(whole),
            absl::UnavailableError("SomeAuth: where: what; what to do"));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EXPECT_NE(FromText(whole.substr(0, size)).code(),
              absl::StatusCode::kDataLoss);
    EXPECT_NE(FromText(whole.substr(size)).code(), absl::StatusCode::kDataLoss);
    std::string changed = whole;
    if (size < changed.size()) changed[size] = '\0';
    EXPECT_NE(FromText(changed).code(), absl::StatusCode::kDataLoss);
  }
  for (const char* text :
       {"aistudio-auth[", "aistudio-auth[]: ", "aistudio-auth[]: : ",
        "aistudio-auth[a]", "aistudio-auth[a]:", "aistudio-auth[a]: OK",
        "aistudio-auth[a]: UNAVAILABLE", "aistudio-auth]: [a: b: "}) {
    EXPECT_NE(FromText(text).code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(CredentialsErrorTest, AnUnknownCodeIsUnknownAndNeverOk) {
  for (const char* code : {"OK", "", "NEW_CODE", "unavailable", "14"}) {
    const absl::Status status =
        FromText(std::string("aistudio-auth[SomeAuth]: ") + code + ": a: b; c");
    EXPECT_EQ(status, absl::UnknownError("SomeAuth: a: b; c")) << code;
  }
}

}  // namespace
}  // namespace aistudio::auth
