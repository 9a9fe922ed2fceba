// The service account of the machine that the program runs on.

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "src/grpc/error_format.h"
#include "src/methods/refreshing.h"
#include "src/sources/metadata_source.h"

namespace aistudio::auth {
namespace {

class MetadataAuth final : public internal::AuthPlugin {
 public:
  static constexpr char kName[] = "MetadataAuth";
  using AuthPlugin::AuthPlugin;
  const char* GetType() const override { return kName; }
};

// An account that was replaced or given roles takes effect soon; asking costs
// next to nothing.
constexpr absl::Duration kMetadataMaxAge = absl::Minutes(5);

}  // namespace

absl::StatusOr<Credentials> MetadataServiceCredentials(
    MetadataServiceOptions options) {
  const auto address = internal::MetadataAddress(options.address);
  if (!address.ok()) {
    return internal::NameMethod(MetadataAuth::kName, address.status());
  }
  const auto registry = internal::RegistryCore::Of(options.refresh.registry);
  internal::ProviderSpec spec;
  spec.method = MetadataAuth::kName;
  spec.where = *address;
  spec.identity =
      internal::IdentityOf({MetadataAuth::kName, *address}, options.refresh);
  spec.source = std::make_shared<internal::MetadataTokenSource>(
      *address, registry->clock());
  spec.name = spec.source->DebugString();
  spec.interrupt_at_exit = true;
  return internal::ShareCredentials(std::move(spec), options.refresh,
                                    kMetadataMaxAge,
                                    internal::NewPlugin<MetadataAuth>);
}

}  // namespace aistudio::auth
