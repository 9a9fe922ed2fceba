// A token in a file that something else keeps fresh.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_TOKEN_FILE_SOURCE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_TOKEN_FILE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"

namespace aistudio::auth::internal {

// Reads the file for each fetch, whether or not it looks changed: that costs
// some 10 microseconds, and a file that was rewritten in place within one tick
// of its file system's clock looks unchanged.
//
// The file does not say when its token expires. An IAM token lives 12 hours at
// most, and is no younger than the file that holds it: so 12 hours after the
// file was written it is dead for certain. A token whose file was written in
// the future lives from when it was first read here.
//
// Thread safety: as TokenSource.
// Errors: UNAVAILABLE for a file that is missing, empty, in the middle of being
// written, or holds no token: whoever keeps it fresh may be about to write it.
// PERMISSION_DENIED or INVALID_ARGUMENT for one that cannot be right.
class TokenFileSource final : public TokenSource {
 public:
  TokenFileSource(std::string path, std::shared_ptr<Clock> clock);

  absl::StatusOr<Token> Fetch(absl::Time deadline) override;

  // "path=/run/secrets/token"
  std::string DebugString() const override;

  // Names the file in errors.
  const std::string& where() const { return where_; }

 private:
  absl::Status ReadStable(std::string& text, absl::Time& written) const;

  const std::string path_;
  const std::string where_;
  const std::shared_ptr<Clock> clock_;

  // The token read last, as a digest, and when it first was.
  std::string digest_;
  absl::Time first_read_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_TOKEN_FILE_SOURCE_H_
