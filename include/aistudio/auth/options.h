// Options of the factories in credentials.h.

#ifndef AISTUDIO_AUTH_OPTIONS_H_
#define AISTUDIO_AUTH_OPTIONS_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "aistudio/auth/registry.h"
#include "grpcpp/security/credentials.h"

namespace aistudio::auth {

// Where and how IAM tokens are asked for.
struct IamOptions {
  // The IAM token service, "host:port"; TLS always.
  // Default: "iam.api.cloud.yandex.net:443".
  std::string endpoint = "iam.api.cloud.yandex.net:443";

  // Root certificates and client certificate for `endpoint`.
  // Default: empty, gRPC's default roots and no client certificate.
  grpc::SslCredentialsOptions ssl;

  // The `aud` claim of a service account's JWT. Change it only for an
  // installation that documents another one.
  // Default: empty, "https://iam.api.cloud.yandex.net/iam/v1/tokens".
  std::string jwt_audience;

  // Default: see RefreshOptions.
  RefreshOptions refresh;
};

// Where the metadata service of a virtual machine, a function or a container
// is.
struct MetadataServiceOptions {
  // "host" or "host:port", without a scheme; plain HTTP, for it is link-local.
  // Default: empty, the variable YC_METADATA_ADDR; if that is not set or empty,
  // "169.254.169.254". Port 80 if none is named.
  std::string address;

  // Default: see RefreshOptions; max_age is 5 minutes.
  RefreshOptions refresh;
};

// Whose token is exchanged, where, and for which service account.
struct WorkloadIdentityOptions {
  // The service account to act as, its id. Must be set. Default: empty.
  std::string service_account_id;

  // The file with the subject token, such as a JWT that Kubernetes or a CI
  // system writes and replaces: at most 16 KiB, white space around it is
  // trimmed. Must be set. Default: empty.
  std::string subject_token_path;

  // The token exchange (RFC 8693), an https URL. The proxy of the environment
  // (https_proxy, no_proxy) is used.
  // Default: "https://auth.yandex.cloud/oauth/token".
  std::string token_url = "https://auth.yandex.cloud/oauth/token";

  // A PEM file with the root certificates for `token_url`, instead of the
  // system's. Default: empty, the system's.
  std::string ca_file;

  // Default: see RefreshOptions; max_age is 1 hour.
  RefreshOptions refresh;
};

// How the `yc` command line is run. Values go to it as they are, without a
// shell; those that begin with '-' or are not printable are refused.
struct CliOptions {
  // The program: a name on PATH, or a path. No arguments. Default: "yc".
  std::string command = "yc";

  // yc's profile (--profile). Default: empty, the variable YC_PROFILE; if that
  // is not set or empty, the profile that is active in yc.
  std::string profile;

  // The API endpoint, "host:port" (--endpoint). Default: empty, the profile's.
  std::string endpoint;

  // A service account to act as (--impersonate-service-account-id).
  // Default: empty, the profile's own account.
  std::string impersonate_service_account_id;

  // How long one run may take; yc and what it started is then ended.
  // RefreshOptions::fetch_timeout is a second more than this, if it is less.
  // Default: 30 seconds.
  absl::Duration timeout = absl::Seconds(30);

  // Default: see RefreshOptions; max_age is 1 hour.
  RefreshOptions refresh;
};

// How a token file is read.
struct FileOptions {
  // Default: see RefreshOptions; max_age, which is how often the file is read,
  // is half a second. initial_backoff and max_backoff are half a second at
  // most.
  RefreshOptions refresh;
};

// What DefaultCredentials did about one step of its table.
struct DetectionStep {
  int number = 0;        // as in the table
  std::string name;      // "api_key": what AISTUDIO_AUTH_METHOD calls it
  std::string looks_at;  // the variable, or what else is looked at
  bool chosen = false;
  std::string reason;   // why it was passed over, or what was found
  std::string warning;  // what to mind about it; empty: nothing
};

// How credentials are detected in the environment.
struct DefaultOptions {
  // For service account keys and OAuth tokens. `iam.refresh.registry` is that
  // of all steps whose own options name none.
  IamOptions iam;
  MetadataServiceOptions metadata;
  CliOptions cli;

  // How long the metadata service may take to show that it is there; at most 1
  // second. Default: 0, which means 1 second if its address is configured
  // (YC_METADATA_ADDR), half a second if not.
  absl::Duration probe_timeout = absl::ZeroDuration();

  // Called for each step that was looked at, in their order, before
  // DefaultCredentials returns; `warning` of the chosen one is for people.
  // Default: none; then a warning is one line on stderr, once in a process.
  std::function<void(const DetectionStep&)> on_step;
};

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_OPTIONS_H_
