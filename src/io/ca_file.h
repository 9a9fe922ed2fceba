// Where the system keeps its root certificates.

#ifndef AISTUDIO_AUTH_SRC_IO_CA_FILE_H_
#define AISTUDIO_AUTH_SRC_IO_CA_FILE_H_

#include <string>
#include <vector>

namespace aistudio::auth::internal {

// The file of root certificates for a libcurl that was built to look at
// `known`, of which any may be null: empty if one of those exists, as libcurl
// then needs no help. Else what SSL_CERT_FILE names, whether it exists or not:
// who sets it wants no other roots. Else the first of `usual` that exists;
// empty if none does.
std::string FindCaFile(const std::vector<const char*>& known,
                       const std::vector<const char*>& usual);

// The same for this process's libcurl and the usual places of Linux
// distributions, BSD and macOS. A libcurl that was built with BoringSSL knows
// no place of its own, and one from elsewhere a wrong one. Looks once.
const std::string& FallbackCaFile();

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_IO_CA_FILE_H_
