// Is a secret, or a part of one, in a text?

#ifndef AISTUDIO_AUTH_TESTS_SECRET_TESTING_H_
#define AISTUDIO_AUTH_TESTS_SECRET_TESTING_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace aistudio::auth {

// The first run of `size` bytes of `secret` that `text` holds; empty if there
// is none.
inline std::string RunOf(const std::string& secret, const std::string& text,
                         std::size_t size) {
  for (std::size_t i = 0; i + size <= secret.size(); ++i) {
    std::string run = secret.substr(i, size);
    if (text.find(run) != std::string::npos) return run;
  }
  return "";
}

// What is between the first and the last line of a PEM block, in one line.
inline std::string PemBody(const std::string& pem) {
  std::string body;
  for (std::size_t at = pem.find("-----\n") + 6;
       at < pem.size() && pem[at] != '-'; ++at) {
    if (pem[at] != '\n') body += pem[at];
  }
  return body;
}

// "<method>: <where>: <what>; <what to do>", on one line of visible ASCII.
inline ::testing::AssertionResult HasForm(const absl::Status& status,
                                          const std::string& method) {
  const std::string text(status.message());
  const auto complaint = [&](const char* what) {
    return ::testing::AssertionFailure() << what << ": " << text;
  };
  const std::string prefix = method + ": ";
  if (text.compare(0, prefix.size(), prefix) != 0) {
    return complaint("does not start with the method");
  }
  const std::size_t where = text.find(": ", prefix.size());
  const std::size_t advice = text.find("; ", prefix.size());
  if (where == std::string::npos || where == prefix.size()) {
    return complaint("does not say where");
  }
  if (advice == std::string::npos || advice < where + 3) {
    return complaint("does not say what");
  }
  if (advice + 2 >= text.size()) return complaint("does not say what to do");
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E) return complaint("holds bytes that do not show");
  }
  return ::testing::AssertionSuccess();
}

// InvalidArgument in that form, without any 8 bytes of `secret`.
inline void ExpectBadInput(const absl::Status& status,
                           const std::string& method,
                           const std::string& secret) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_TRUE(HasForm(status, method));
  EXPECT_EQ(RunOf(secret, std::string(status.message()), 8), "") << status;
}

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_SECRET_TESTING_H_
