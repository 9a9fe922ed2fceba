// Tokens from the `yc` command line.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_YC_CLI_SOURCE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_YC_CLI_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"
#include "src/io/subprocess.h"

namespace aistudio::auth::internal {

// What `yc` is asked with; checked already. Empty: not passed.
struct YcCommand {
  std::string command;
  std::string profile;
  std::string endpoint;
  std::string impersonate_service_account_id;
};

// Runs `yc iam create-token --no-user-output ...`, whose last line that is not
// empty is the token.
//
// yc does not say when the token expires. It is used for an hour: IAM may hand
// out a token again that it made hours before, and what its documentation
// promises is no more than that a program that asks every hour always has a
// good one. A longer guess would send dead tokens; and nothing that still lives
// is thrown away, as yc is asked again well before the hour is over.
//
// Thread safety: as TokenSource.
// Errors: the code that yc names in the form of gRPC ("code =
// Unauthenticated"), else FAILED_PRECONDITION if it fails, for it has tried
// again by itself; DEADLINE_EXCEEDED; NOT_FOUND without yc; INTERNAL for an
// answer without token. They hold what yc said on stderr, without secrets, and
// never what it said on stdout.
class YcCliSource final : public TokenSource {
 public:
  YcCliSource(YcCommand command, absl::Duration timeout,
              std::shared_ptr<Clock> clock);

  absl::StatusOr<Token> Fetch(absl::Time deadline) override;
  void Cancel() override { process_.Cancel(); }

  // "command=yc, profile=work"
  std::string DebugString() const override;

 private:
  absl::Status Fault(absl::StatusCode code, const std::string& what,
                     const std::string& said, const std::string& advice) const;
  absl::Status NotRun(const absl::Status& why, const std::string& said) const;

  const YcCommand command_;
  const absl::Duration timeout_;
  const std::shared_ptr<Clock> clock_;
  Subprocess process_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_YC_CLI_SOURCE_H_
