#include "src/io/ca_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "curl/curl.h"

namespace aistudio::auth::internal {
namespace {

bool IsReadable(const char* path) {
  return path != nullptr && access(path, R_OK) == 0;
}

}  // namespace

std::string FindCaFile(const std::vector<const char*>& known,
                       const std::vector<const char*>& usual) {
  if (std::any_of(known.begin(), known.end(), IsReadable)) return "";
  const char* const named = std::getenv("SSL_CERT_FILE");
  if (named != nullptr && *named != '\0') return named;
  const auto file = std::find_if(usual.begin(), usual.end(), IsReadable);
  return file == usual.end() ? "" : *file;
}

const std::string& FallbackCaFile() {
  static const auto* const file = [] {
    const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
    return new std::string(FindCaFile(
        {info->cainfo, info->capath},
        {"/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine, Arch
         "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, Red Hat
         "/etc/ssl/ca-bundle.pem",              // SUSE
         "/etc/ssl/cert.pem"}));                // Alpine, BSD, macOS
  }();
  return *file;
}

}  // namespace aistudio::auth::internal
