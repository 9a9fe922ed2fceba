// The loop that instruction_probe runs. In a file of its own, so that the
// compiler knows of no plugin class whose methods it could put into the loop.

#ifndef AISTUDIO_AUTH_TESTS_CALL_PLUGIN_H_
#define AISTUDIO_AUTH_TESTS_CALL_PLUGIN_H_

#include "grpcpp/security/auth_context.h"
#include "grpcpp/security/credentials.h"

// Asks `plugin` for metadata `count` times, as gRPC does for a call. Callgrind
// is told this name.
extern "C" void CallPlugin(grpc::MetadataCredentialsPlugin* plugin,
                           const grpc::AuthContext* context, int count);

#endif  // AISTUDIO_AUTH_TESTS_CALL_PLUGIN_H_
