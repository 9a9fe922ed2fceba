// gRPC credentials for Yandex AI Studio.
//
//   namespace auth = aistudio::auth;
//   auto credentials = auth::ServiceAccountKeyFileCredentials("key.json");
//   if (!credentials.ok()) return credentials.status();
//   auto channel = grpc::CreateChannel("llm.api.cloud.yandex.net:443",
//                                      credentials->channel_credentials());
//   // Every RPC on the channel carries a valid `authorization` header from now
//   // on, unary or streaming; nobody thinks about tokens again.
//
// Which factory:
//   a service account outside the cloud   ServiceAccountKeyFileCredentials
//   inside Yandex Cloud                   MetadataServiceCredentials
//   Kubernetes or CI, without a key       WorkloadIdentityCredentials
//   one fixed secret, no token exchange   ApiKeyCredentials
//   a developer's machine, with yc        YandexCloudCliCredentials
//   another service account, by a role    ImpersonatedCredentials
//   a token file that a sidecar refreshes TokenFileCredentials
//   a token that something else refreshes EnvIamTokenCredentials
//   a token at hand, for less than 12 h   IamTokenCredentials
//   a personal account, until end of 2026 OAuthTokenCredentials
//   anything else                         TokenSourceCredentials
//   whatever the environment offers       DefaultCredentials
//   whatever a person pasted              CredentialsFromString
//
// Errors, in all factories: bad input is InvalidArgument at once, and names the
// method and the fault, never the secret. What only a service can tell (a
// revoked key, no network) comes later, through the RPC: see CredentialsError.

#ifndef AISTUDIO_AUTH_CREDENTIALS_H_
#define AISTUDIO_AUTH_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aistudio/auth/clock.h"
#include "aistudio/auth/export.h"
#include "aistudio/auth/handle.h"
#include "aistudio/auth/options.h"
#include "aistudio/auth/registry.h"
#include "aistudio/auth/token_source.h"
#include "grpcpp/support/client_interceptor.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth {

// An API key of a service account: `Authorization: Api-Key <key>`. Choose it
// for one program outside the cloud that calls AI Studio only; the key does not
// expire unless it was made so. Python SDK: APIKeyAuth, variable YC_API_KEY
// (read by detection, not here). Checked now: that it can be a header. Checked
// later, by the service: that it exists and its scope allows the call. Calls to
// IAM and to the management of MCP gateways, which take IAM tokens only, fail
// before the key is sent.
//
// Performance: a constant; no thread, no provider.
// Thread safety: any thread.
// Errors: InvalidArgument if empty, over 4096 bytes, or with white space,
// control or non-ASCII bytes inside. White space around it is trimmed.
//
//   auto credentials = ApiKeyCredentials(std::getenv("MY_KEY"));
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> ApiKeyCredentials(
    std::string api_key);

// A ready IAM token: `Authorization: Bearer <token>`. Choose it for short
// scripts and tests: it lives 12 hours at most and nothing renews it. Python
// SDK: IAMTokenAuth, variable YC_IAM_TOKEN. Checked now: that it can be a
// header. Checked later, by the service: all else.
//
// Performance, Thread safety, Errors: as ApiKeyCredentials; over 7168 bytes is
// refused, since servers limit headers to 8 KiB.
//
//   auto credentials = IamTokenCredentials(token_from_somewhere);
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> IamTokenCredentials(
    std::string iam_token);

// An IAM token in an environment variable that something else keeps fresh, such
// as DataSphere; read again for every RPC. Default: "YC_TOKEN", as in the
// Python SDK's EnvIAMTokenAuth. Checked now: the variable's name. Checked with
// every RPC: that it is set and can be a header.
//
// Performance: one getenv an RPC; no thread, no provider.
// Thread safety: that of getenv: calling setenv while other threads make RPCs
// is a data race.
// Errors: InvalidArgument for a name that is empty or holds '='.
//
//   auto credentials = EnvIamTokenCredentials();
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> EnvIamTokenCredentials(
    std::string variable = "YC_TOKEN");

// The OAuth token of a personal Yandex account, exchanged for IAM tokens.
// Yandex ends this exchange by the end of 2026: prefer
// ServiceAccountKeyFileCredentials. Python SDK: OAuthTokenAuth, variable
// YC_OAUTH_TOKEN (not read here). A user account may need WithFolderId. Checked
// now: that it can be a request field (4000 bytes at most). Checked later, by
// IAM: that it is valid.
//
// Performance: one IAM request an hour, shared by equal credentials.
// Thread safety: any thread.
// Errors: InvalidArgument as in ApiKeyCredentials, and for options that cannot
// work.
//
//   auto credentials = OAuthTokenCredentials(std::getenv("YC_OAUTH_TOKEN"));
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> OAuthTokenCredentials(
    std::string oauth_token, IamOptions options = {});

// A service account's authorized key: the JSON that `yc iam key create` writes,
// with "id", "service_account_id" and "private_key" (2048 bits or more, RSA).
// Choose it for servers outside the cloud: tokens renew themselves for as long
// as the key exists. Checked now: the JSON, the fields, the key. Checked later,
// by IAM: that the key belongs to the account.
//
// Performance: reading the key takes about a millisecond; afterwards one IAM
// request an hour, shared by equal credentials.
// Thread safety: any thread.
// Errors: InvalidArgument names the field that is missing or wrong.
//
//   auto credentials =
//   ServiceAccountKeyCredentials(secret_store.Get("sa-key"));
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> ServiceAccountKeyCredentials(
    std::string key_json, IamOptions options = {});

// The same from a file, read once, now. Errors: also NotFound, PermissionDenied
// or InvalidArgument for a file that is missing, unreadable, or over 64 KiB.
//
//   auto credentials = ServiceAccountKeyFileCredentials("/etc/app/key.json");
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials>
ServiceAccountKeyFileCredentials(std::string path, IamOptions options = {});

// The service account that is attached to the virtual machine, function or
// container this runs in; asks its metadata service over plain, link-local
// HTTP. Choose it for anything inside Yandex Cloud: there is no secret to keep.
// Python SDK: MetadataAuth; variable YC_METADATA_ADDR, read now unless
// MetadataServiceOptions::address is set. Checked now: the form of the address.
// Checked later: that a service is there, and that an account is attached.
//
// No proxy is ever used and no redirect followed. It has a second to accept the
// connection, and RefreshOptions::fetch_timeout for the whole.
//
// Performance: one request every 5 minutes, shared by equal credentials.
// Thread safety: any thread.
// Errors: InvalidArgument for the address; later NotFound if no account is
// attached, Unavailable or DeadlineExceeded outside of the cloud.
//
//   auto credentials = MetadataServiceCredentials();
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> MetadataServiceCredentials(
    MetadataServiceOptions options = {});

// A service account for which a token of another issuer stands in (workload
// identity federation, RFC 8693): a Kubernetes service account, a CI job.
// Choose it outside the cloud where such tokens are at hand: no key has to be
// kept. Not in the Python SDK. Checked now: the options. Checked later: the
// file, read for every exchange, and by the service, that federation and
// subject fit.
//
// Performance: one HTTPS request an hour, shared by equal credentials.
// Thread safety: any thread.
// Errors: InvalidArgument names the field; later Unauthenticated if the
// exchange refuses the subject token, NotFound or InvalidArgument for its file.
//
//   WorkloadIdentityOptions options;
//   options.service_account_id = "aje1234567890abcdefg";
//   options.subject_token_path = "/var/run/secrets/tokens/yandex-cloud";
//   auto credentials = WorkloadIdentityCredentials(options);
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> WorkloadIdentityCredentials(
    WorkloadIdentityOptions options);

// Whoever is logged in to the `yc` command line: runs `yc iam create-token`.
// Choose it on developers' machines, where yc is set up anyway. Python SDK:
// YandexCloudCLIAuth; variable YC_PROFILE, read now unless CliOptions::profile
// is set. A user account may need WithFolderId. Checked now: the options.
// Checked later: that yc is there, and logged in.
//
// yc runs without a shell, with this process's environment, nothing on stdin,
// and a process group of its own, which is ended after CliOptions::timeout. It
// does not tell when a token expires; each is used for an hour at most.
//
// Performance: one process about every three quarters of an hour, shared by
// equal credentials.
// Thread safety: any thread; no signal handler is touched.
// Errors: InvalidArgument names the option; later NotFound if there is no such
// command, DeadlineExceeded, or what yc said on stderr, without secrets.
//
//   auto credentials = YandexCloudCliCredentials();
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> YandexCloudCliCredentials(
    CliOptions options = {});

// An IAM token in a file that something else keeps fresh: Vault Agent, a
// Kubernetes secret, an External Secrets operator. Choose it where a sidecar
// has the identity. Not in the Python SDK. Checked now: that `path` can be one;
// a relative path is resolved. Checked later, with every reading: that the file
// is a regular one of at most 16 KiB (links are followed) and holds a token,
// alone; white space around it is trimmed.
//
// A file that is replaced is picked up within a second. One that is missing,
// empty, or no longer holds a token leaves the old token in use, until 12 hours
// after its file was written: no IAM token lives longer.
//
// Performance: one small file read every half second, shared by equal
// credentials, each of which is a refresh in statistics and events.
// Thread safety: any thread.
// Errors: InvalidArgument for the path; later Unavailable for a file that may
// yet get better, PermissionDenied or InvalidArgument for one that cannot be
// right.
//
//   auto credentials = TokenFileCredentials("/vault/secrets/iam-token");
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> TokenFileCredentials(
    std::string path, FileOptions options = {});

// A service account that `base` may act as: the account of `base` has the role
// iam.serviceAccounts.tokenCreator on it. Choose it to hold one key and have
// the rights of another account for a while, or one account for each tenant.
// `base` may be impersonated itself; a restriction to hosts must allow
// IamOptions::endpoint. Not in the Python SDK. Checked now: the id, the
// options, and `base`: an API key or NoCredentials is no IAM token, which IAM
// asks for. Checked later, by IAM: the role, and that the account exists.
//
// Performance: one IAM request an hour, and what `base` costs; shared by equal
// credentials made of the same base.
// Thread safety: any thread.
// Errors: InvalidArgument as said; later those of `base`, with its name before
// them, and PermissionDenied without the role.
//
//   auto credentials = ImpersonatedCredentials(*key_credentials, "aje...");
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> ImpersonatedCredentials(
    Credentials base, std::string service_account_id, IamOptions options = {});

// Tokens from a source of one's own (see token_source.h). Equal means: the same
// `source` object; it belongs to one registry. Checked now: that `source` is
// not null, and the options. Checked later: each token it returns.
//
// Performance: a fetch once per lifetime, on a thread of the library.
// Thread safety: any thread.
// Errors: InvalidArgument, also if this source is in use with other options.
// Default of RefreshOptions::max_age: 1 hour.
//
//   auto credentials = TokenSourceCredentials(std::make_shared<VaultTokens>());
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> TokenSourceCredentials(
    std::shared_ptr<TokenSource> source, RefreshOptions options = {});

// No credentials: calls go out without `authorization`. Choose it for public
// methods and for servers in tests, where code wants a Credentials.
AISTUDIO_AUTH_EXPORT Credentials NoCredentials();

// Whatever the environment offers, in the order of the AI Studio Python SDK,
// with steps of our own in between: a program that sets only that SDK's
// variables gets what it would get there. Choose it for tools and examples; a
// server does better with the one method it is meant to use.
//
//   1  api_key              YC_API_KEY
//   2  iam_token            YC_IAM_TOKEN
//   3  service_account_key  YC_SERVICE_ACCOUNT_KEY_FILE, a path
//   4  oauth_token          YC_OAUTH_TOKEN (warns: see OAuthTokenCredentials)
//   5  workload_identity    YC_WORKLOAD_IDENTITY_TOKEN_FILE, a path, and
//                           YC_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID
//   6  metadata             the metadata service answers a short probe
//                           (YC_METADATA_ADDR: its address)
//   7  env_iam_token        YC_TOKEN, read again for every RPC
//   8  yc                   stdin is a terminal, and `yc` is on PATH
//
// AISTUDIO_AUTH_METHOD pins one step by its name, such as "metadata"; "none"
// stands for NoCredentials. A variable that is empty counts as not set. A step
// that is configured but broken (a key file that is missing) ends the walk with
// its own error; one that is not configured is passed over. Checked now: all of
// that. Checked later: as for the method that was found.
//
// Performance: reads variables; the probe takes a second at most, and where it
// succeeds its token is the first one.
// Thread safety: that of getenv.
// Errors: NotFound lists every step and why it was passed over; InvalidArgument
// for an unknown AISTUDIO_AUTH_METHOD; the error of the step that is broken.
//
//   auto credentials = DefaultCredentials();
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> DefaultCredentials(
    DefaultOptions options = {});

// What a person pasted: trimmed; "t1...." is an IAM token, "y0_..." to "y6_..."
// an OAuth token, a JSON object a service account's key; what is plainly none
// of these (nothing, "Bearer ...", a JWT, a cookie, a static access key, a PEM)
// is an error that says what it is; the rest is an API key. Choose it for a
// setting that takes any of them. Python SDK: `auth` as a string. Checked now
// and later: as for the method that was recognized.
//
// Performance, Thread safety: as that method's.
// Errors: InvalidArgument, which never quotes the text.
//
//   auto credentials = CredentialsFromString(config.auth);
AISTUDIO_AUTH_EXPORT absl::StatusOr<Credentials> CredentialsFromString(
    std::string text, IamOptions options = {});

// Gives back what gRPC hides. An RPC that failed for want of a token shows
// UNAVAILABLE, whatever the reason; its message carries code and reason in the
// form
//
//   aistudio-auth[<method>]: <CODE>: <where>: <what>; <what to do>
//
// Returns that code with "<method>: <where>: <what>; <what to do>", or OK if
// `rpc` did not fail for want of credentials (it succeeded, or the service
// refused it).
//
//   if (auto error = CredentialsError(status); !error.ok()) Alert(error);
AISTUDIO_AUTH_EXPORT absl::Status CredentialsError(const grpc::Status& rpc);

// A text for people about an RPC that failed: what happened and what to do,
// with the role that `method` ("/package.Service/Method") needs where
// permission was denied. Empty if `rpc` is OK.
//
//   std::cerr << ExplainStatus(status,
//   "/yandex.cloud.ai....Service/Completion");
AISTUDIO_AUTH_EXPORT std::string ExplainStatus(const grpc::Status& rpc,
                                               const std::string& method);

// Calls ReportRejected for every RPC of a channel that the service refuses with
// UNAUTHENTICATED, so that a revoked token is replaced before its time. Choose
// it for services that run for long; pass it to
// grpc::experimental::CreateCustomChannelWithInterceptors, along with the
// channel credentials. It retries nothing: the RPC fails, later ones carry the
// new token.
//
// Performance: an allocation and a copy of the header for each RPC.
// Thread safety: any thread.
// Errors: none.
AISTUDIO_AUTH_EXPORT
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
RejectionInterceptor(Credentials credentials);

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_CREDENTIALS_H_
