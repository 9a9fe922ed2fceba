// Tokens of the machine's own service account.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_METADATA_SOURCE_H_
#define AISTUDIO_AUTH_SRC_SOURCES_METADATA_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/token_source.h"
#include "src/io/http.h"

namespace aistudio::auth::internal {

// Where the metadata service is, "host:port": `option` if it is not empty, else
// $YC_METADATA_ADDR, else the address it has in the cloud. InvalidArgument
// names what holds something else, and does not quote it.
absl::StatusOr<std::string> MetadataAddress(const std::string& option);

// Asks the metadata service of a virtual machine, a function or a container.
//
// Thread safety: as TokenSource.
// Errors: "<address>: <what>; <what to do>". NOT_FOUND if the machine has no
// service account, FAILED_PRECONDITION if it gives no tokens; INTERNAL for an
// answer that no metadata service gives, without its content.
class MetadataTokenSource final : public TokenSource {
 public:
  // `address` is of MetadataAddress.
  MetadataTokenSource(std::string address, std::shared_ptr<Clock> clock);

  absl::StatusOr<Token> Fetch(absl::Time deadline) override;
  void Cancel() override { http_.Cancel(); }

  // "address=169.254.169.254:80"
  std::string DebugString() const override;

 private:
  absl::Status Refusal(const HttpAnswer& answer) const;

  const std::string address_;
  const std::shared_ptr<Clock> clock_;
  HttpClient http_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_METADATA_SOURCE_H_
