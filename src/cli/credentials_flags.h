// The flags that choose credentials; the same for all commands.

#ifndef AISTUDIO_AUTH_SRC_CLI_CREDENTIALS_FLAGS_H_
#define AISTUDIO_AUTH_SRC_CLI_CREDENTIALS_FLAGS_H_

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/options.h"
#include "grpcpp/security/credentials.h"

ABSL_DECLARE_FLAG(bool, json);
ABSL_DECLARE_FLAG(absl::Duration, timeout);
ABSL_DECLARE_FLAG(std::string, folder_id);

namespace aistudio::auth::cli {

// For Command::shared_flags and Command::shared_help.
std::vector<std::string> CredentialsFlags();
std::string CredentialsFlagsHelp();

// What is wrong with how these flags are used; empty: nothing.
std::string CredentialsFlagsFault();

// The credentials that the flags choose; without a choice, those of the
// environment.
absl::StatusOr<Credentials> CredentialsFromFlags();

// What the flags say about detection.
absl::StatusOr<DefaultOptions> DetectionFromFlags();

// TLS for the services that are called.
absl::StatusOr<grpc::SslCredentialsOptions> SslFromFlags();

// Whom credentials of `method` ("MetadataAuth") ask for tokens; empty: nobody.
std::string TokenEndpoint(const std::string& method);

}  // namespace aistudio::auth::cli

#endif  // AISTUDIO_AUTH_SRC_CLI_CREDENTIALS_FLAGS_H_
