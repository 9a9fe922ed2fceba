#include "src/cli/credentials_flags.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/cli/input.h"

ABSL_FLAG(std::string, api_key_file, "", "file with an API key");
ABSL_FLAG(std::string, iam_token_file, "", "file with an IAM token");
ABSL_FLAG(std::string, oauth_token_file, "", "file with an OAuth token");
ABSL_FLAG(std::string, service_account_key, "",
          "key file of a service account");
ABSL_FLAG(std::string, token_file, "",
          "file with an IAM token that something else keeps fresh");
ABSL_FLAG(bool, metadata, false, "the metadata service");
ABSL_FLAG(bool, yc, false, "the yc command line");
ABSL_FLAG(bool, workload_identity, false, "workload identity federation");
ABSL_FLAG(bool, none, false, "no credentials");
ABSL_FLAG(std::string, credentials_string_file, "",
          "file with any of the secrets");

ABSL_FLAG(std::string, metadata_address, "", "the metadata service's address");
ABSL_FLAG(std::string, yc_command, "", "the yc program");
ABSL_FLAG(std::string, profile, "", "yc's profile");
ABSL_FLAG(std::string, subject_token_file, "", "the token to exchange");
ABSL_FLAG(std::string, service_account_id, "", "whom to exchange it for");
ABSL_FLAG(std::string, token_url, "", "the token exchange");
ABSL_FLAG(std::string, impersonate, "", "service account to act as");
ABSL_FLAG(std::string, iam_endpoint, "", "IAM, host:port");
ABSL_FLAG(std::string, root_certificates, "", "PEM file, instead of gRPC's");
ABSL_FLAG(std::string, folder_id, "", "the folder, for x-folder-id");
ABSL_FLAG(std::string, allowed_hosts, "", "the only hosts to be called");
ABSL_FLAG(absl::Duration, min_remaining, absl::ZeroDuration(),
          "how long a token must live");
ABSL_FLAG(bool, json, false, "print JSON");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(30), "how long to wait");

namespace aistudio::auth::cli {
namespace {

constexpr absl::Duration kLongestTimeout = absl::Hours(1);

// The flags in use of those that choose; detection is none of them.
std::vector<std::string> Choosers() {
  const std::pair<const char*, bool> flags[] = {
      {"--api_key_file", !absl::GetFlag(FLAGS_api_key_file).empty()},
      {"--iam_token_file", !absl::GetFlag(FLAGS_iam_token_file).empty()},
      {"--oauth_token_file", !absl::GetFlag(FLAGS_oauth_token_file).empty()},
      {"--service_account_key",
       !absl::GetFlag(FLAGS_service_account_key).empty()},
      {"--token_file", !absl::GetFlag(FLAGS_token_file).empty()},
      {"--metadata", absl::GetFlag(FLAGS_metadata)},
      {"--yc", absl::GetFlag(FLAGS_yc)},
      {"--workload_identity", absl::GetFlag(FLAGS_workload_identity)},
      {"--none", absl::GetFlag(FLAGS_none)},
      {"--credentials_string_file",
       !absl::GetFlag(FLAGS_credentials_string_file).empty()},
  };
  std::vector<std::string> chosen;
  for (const auto& [name, in_use] : flags) {
    if (in_use) chosen.emplace_back(name);
  }
  return chosen;
}

absl::StatusOr<Credentials> FromSecretFile(
    const std::string& flag, const std::string& path,
    absl::StatusOr<Credentials> (*make)(std::string, IamOptions),
    const IamOptions& iam) {
  auto secret = ReadInput(flag, path, kMostOfSecret);
  if (!secret.ok()) return secret.status();
  return make(*std::move(secret), iam);
}

absl::StatusOr<Credentials> FromWorkloadIdentity(const DefaultOptions& all) {
  WorkloadIdentityOptions options;
  options.service_account_id = absl::GetFlag(FLAGS_service_account_id);
  options.subject_token_path = absl::GetFlag(FLAGS_subject_token_file);
  const std::string url = absl::GetFlag(FLAGS_token_url);
  if (!url.empty()) options.token_url = url;
  options.ca_file = absl::GetFlag(FLAGS_root_certificates);
  options.refresh = all.iam.refresh;
  return WorkloadIdentityCredentials(std::move(options));
}

absl::StatusOr<Credentials> Choose(const DefaultOptions& options) {
  const std::vector<std::string> choosers = Choosers();
  if (choosers.empty()) return DefaultCredentials(options);
  const std::string& flag = choosers.front();
  const IamOptions& iam = options.iam;
  if (flag == "--api_key_file") {
    return FromSecretFile(
        flag, absl::GetFlag(FLAGS_api_key_file),
        [](std::string key, IamOptions) {
          return ApiKeyCredentials(std::move(key));
        },
        iam);
  }
  if (flag == "--iam_token_file") {
    return FromSecretFile(
        flag, absl::GetFlag(FLAGS_iam_token_file),
        [](std::string token, IamOptions) {
          return IamTokenCredentials(std::move(token));
        },
        iam);
  }
  if (flag == "--oauth_token_file") {
    return FromSecretFile(flag, absl::GetFlag(FLAGS_oauth_token_file),
                          &OAuthTokenCredentials, iam);
  }
  if (flag == "--service_account_key") {
    return FromSecretFile(flag, absl::GetFlag(FLAGS_service_account_key),
                          &ServiceAccountKeyCredentials, iam);
  }
  if (flag == "--credentials_string_file") {
    return FromSecretFile(flag, absl::GetFlag(FLAGS_credentials_string_file),
                          &CredentialsFromString, iam);
  }
  if (flag == "--token_file") {
    FileOptions file;
    file.refresh = iam.refresh;
    return TokenFileCredentials(absl::GetFlag(FLAGS_token_file), file);
  }
  if (flag == "--metadata") return MetadataServiceCredentials(options.metadata);
  if (flag == "--yc") return YandexCloudCliCredentials(options.cli);
  if (flag == "--workload_identity") return FromWorkloadIdentity(options);
  return NoCredentials();
}

std::string ValueOr(const std::string& value, const std::string& other) {
  return value.empty() ? other : value;
}

}  // namespace

std::vector<std::string> CredentialsFlags() {
  return {"api_key_file",
          "iam_token_file",
          "oauth_token_file",
          "service_account_key",
          "token_file",
          "metadata",
          "yc",
          "workload_identity",
          "none",
          "credentials_string_file",
          "metadata_address",
          "yc_command",
          "profile",
          "subject_token_file",
          "service_account_id",
          "token_url",
          "impersonate",
          "iam_endpoint",
          "root_certificates",
          "folder_id",
          "allowed_hosts",
          "min_remaining",
          "json",
          "timeout"};
}

std::string CredentialsFlagsHelp() {
  return "Credentials, at most one; none of them: what `detect` finds:\n"
         "  --service_account_key=F --api_key_file=F --iam_token_file=F\n"
         "  --oauth_token_file=F --credentials_string_file=F  (F: file, or -)\n"
         "  --token_file=F (kept fresh by others) --metadata --yc --none\n"
         "  --workload_identity (--subject_token_file=F "
         "--service_account_id=ID)\n"
         "Their details:\n"
         "  --impersonate=ID --folder_id=ID --min_remaining=D "
         "--allowed_hosts=H,..\n"
         "  --metadata_address=H --yc_command=F --profile=NAME "
         "--token_url=URL\n"
         "  --iam_endpoint=H:P --root_certificates=F --timeout=30s "
         "--json\n";
}

std::string CredentialsFlagsFault() {
  const std::vector<std::string> choosers = Choosers();
  if (choosers.size() > 1) {
    return absl::StrCat(absl::StrJoin(choosers, " and "),
                        " exclude each other");
  }
  const bool has_identity = !absl::GetFlag(FLAGS_subject_token_file).empty() ||
                            !absl::GetFlag(FLAGS_service_account_id).empty();
  if (has_identity && !absl::GetFlag(FLAGS_workload_identity)) {
    return "--subject_token_file and --service_account_id go with "
           "--workload_identity";
  }
  const absl::Duration timeout = absl::GetFlag(FLAGS_timeout);
  if (timeout <= absl::ZeroDuration() || timeout > kLongestTimeout) {
    return "--timeout must be above 0 and at most 1h";
  }
  if (absl::GetFlag(FLAGS_min_remaining) < absl::ZeroDuration()) {
    return "--min_remaining must not be negative";
  }
  return "";
}

absl::StatusOr<grpc::SslCredentialsOptions> SslFromFlags() {
  grpc::SslCredentialsOptions ssl;
  const std::string path = absl::GetFlag(FLAGS_root_certificates);
  if (path.empty()) return ssl;
  // Not from stdin: the token exchange opens the file for itself.
  if (path == "-") {
    return absl::InvalidArgumentError("--root_certificates: must be a file");
  }
  auto pem = ReadInput("--root_certificates", path, kMostOfSecret);
  if (!pem.ok()) return pem.status();
  if (pem->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--root_certificates: ", path, ": is empty"));
  }
  ssl.pem_root_certs = *std::move(pem);
  return ssl;
}

absl::StatusOr<DefaultOptions> DetectionFromFlags() {
  auto ssl = SslFromFlags();
  if (!ssl.ok()) return ssl.status();
  RefreshOptions refresh;
  refresh.fetch_timeout = absl::GetFlag(FLAGS_timeout);
  DefaultOptions options;
  options.iam.ssl = *std::move(ssl);
  options.iam.endpoint =
      ValueOr(absl::GetFlag(FLAGS_iam_endpoint), options.iam.endpoint);
  options.iam.refresh = refresh;
  options.metadata.address = absl::GetFlag(FLAGS_metadata_address);
  options.metadata.refresh = refresh;
  options.cli.command =
      ValueOr(absl::GetFlag(FLAGS_yc_command), options.cli.command);
  options.cli.profile = absl::GetFlag(FLAGS_profile);
  options.cli.timeout = refresh.fetch_timeout;
  options.cli.refresh = refresh;
  return options;
}

absl::StatusOr<Credentials> CredentialsFromFlags() {
  const auto options = DetectionFromFlags();
  if (!options.ok()) return options.status();
  auto credentials = Choose(*options);
  const std::string impersonate = absl::GetFlag(FLAGS_impersonate);
  if (credentials.ok() && !impersonate.empty()) {
    credentials =
        ImpersonatedCredentials(*credentials, impersonate, options->iam);
  }
  if (!credentials.ok()) return credentials.status();
  const std::string folder_id = absl::GetFlag(FLAGS_folder_id);
  if (!folder_id.empty()) *credentials = credentials->WithFolderId(folder_id);
  const std::string hosts = absl::GetFlag(FLAGS_allowed_hosts);
  if (!hosts.empty()) {
    *credentials = credentials->WithAllowedHosts(
        absl::StrSplit(hosts, ',', absl::SkipWhitespace()));
  }
  const absl::Duration min_remaining = absl::GetFlag(FLAGS_min_remaining);
  if (min_remaining > absl::ZeroDuration()) {
    *credentials = credentials->WithMinRemaining(min_remaining);
  }
  return credentials;
}

std::string TokenEndpoint(const std::string& method) {
  if (method == "ServiceAccountKeyAuth" || method == "OAuthTokenAuth" ||
      method == "ImpersonatedAuth") {
    return ValueOr(absl::GetFlag(FLAGS_iam_endpoint), IamOptions().endpoint);
  }
  if (method == "WorkloadIdentityAuth") {
    const std::string url = ValueOr(absl::GetFlag(FLAGS_token_url),
                                    WorkloadIdentityOptions().token_url);
    return url.substr(0, url.find('?'));  // a query may be a secret
  }
  if (method == "MetadataAuth") {
    const char* const variable = std::getenv("YC_METADATA_ADDR");
    return ValueOr(
        absl::GetFlag(FLAGS_metadata_address),
        ValueOr(variable == nullptr ? "" : variable, "169.254.169.254"));
  }
  return "";
}

}  // namespace aistudio::auth::cli
