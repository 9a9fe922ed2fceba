// Part of each example's program, not of its lesson. OpenSSL's exit handler
// frees what gRPC's threads may still use when a program ends right after its
// last call; this turns the handler off (docs/decisions/0005-fork-and-exit.md).

#include <openssl/crypto.h>

namespace {

#ifdef OPENSSL_INIT_NO_ATEXIT  // BoringSSL has no such handler
[[maybe_unused]] const int openssl_stays =
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
#endif

}  // namespace
