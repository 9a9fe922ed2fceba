#include "tests/call_plugin.h"

#include <cstdlib>
#include <map>
#include <string>

extern "C" void CallPlugin(grpc::MetadataCredentialsPlugin* plugin,
                           const grpc::AuthContext* context, int count) {
  for (int i = 0; i < count; ++i) {
    std::multimap<grpc::string, grpc::string> metadata;
    if (plugin->IsBlocking()) std::abort();
    plugin->GetMetadata("https://localhost/pkg.Service", "Method", *context,
                        &metadata);
  }
}
