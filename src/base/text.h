// Secrets as text: is it one, and is there one inside?

#ifndef AISTUDIO_AUTH_SRC_BASE_TEXT_H_
#define AISTUDIO_AUTH_SRC_BASE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace aistudio::auth::internal {

// The longest token that goes into a header. Servers accept 8 KiB for all
// headers of a call together; what is longer fails there with
// RESOURCE_EXHAUSTED, far from the cause.
inline constexpr std::size_t kLongestToken = 7168;

// Trims ASCII white space at both ends of `text`, as files and variables often
// carry some, and checks that the rest can go into a header: visible ASCII
// without white space, of at most `max_size` bytes. Otherwise InvalidArgument,
// "<what>: <fault>; <what to do>", which never quotes `text`. Offsets in it
// count from 0 at the start of `text` as it was given.
//
// gRPC logs illegal header values in full, so nothing may come to it unchecked.
absl::Status CheckSecretText(std::string& text, std::size_t max_size,
                             const char* what);

// Makes a text of foreign origin (a server's error, an exception, a tool's
// output) fit to be shown: what looks like a secret becomes "[redacted]",
// control and non-ASCII bytes become spaces, and at most 512 bytes are left.
//
// It rather blots out too much: any long random string counts as a secret. Host
// names, resource ids and method paths stay.
std::string Redact(std::string_view message);

// The same, but all other bytes stay: for what a person typed or a server said,
// where a text in another language must stay readable.
std::string HideSecrets(std::string_view text);

// A digest of `bytes` that differs from process to process, in hex. Serves
// where secrets are compared or are part of a key, so that no map holds them
// and no dump of a map lets them be guessed.
std::string Digest(std::string_view bytes);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_BASE_TEXT_H_
