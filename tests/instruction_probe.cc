// The calls whose instructions call_cost_test counts, in a process that does
// nothing else. Callgrind collects what happens inside of CallPlugin.
//
//   instruction_probe constant|ready COUNT

#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "tests/call_cost_testing.h"
#include "tests/call_plugin.h"
#include "tests/plugin_testing.h"

namespace aistudio::auth {
namespace {

constexpr std::size_t kTokenSize = 250;

// What no plugin can be cheaper than.
class ConstantPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  bool IsBlocking() const override { return false; }
  grpc::Status GetMetadata(
      grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
      std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->emplace("authorization", header_);
    return grpc::Status();
  }

 private:
  const std::string header_ = "Bearer " + std::string(kTokenSize, 't');
};

bool CarriesAHeader(grpc::MetadataCredentialsPlugin& plugin) {
  Metadata metadata;
  return !plugin.IsBlocking() && GetMetadata(plugin, &metadata).ok() &&
         metadata.size() == 1 && metadata.begin()->second.size() > kTokenSize;
}

}  // namespace
}  // namespace aistudio::auth

int main(int argc, char** argv) {
  namespace auth = aistudio::auth;
  if (argc != 3) return 2;
  const auth::Credentials credentials =
      auth::ReadyCredentials(std::string(auth::kTokenSize, 't'));
  std::unique_ptr<grpc::MetadataCredentialsPlugin> plugin =
      credentials.MakePlugin();
  if (std::string(argv[1]) == "constant") {
    plugin = std::make_unique<auth::ConstantPlugin>();
  }
  plugin->IsBlocking();  // as gRPC does when it takes a plugin
  if (!auth::CarriesAHeader(*plugin)) return 1;
  const auth::NoAuthContext context;
  CallPlugin(plugin.get(), &context, std::atoi(argv[2]));
  return 0;
}
