// Calls plugins as gRPC does.

#ifndef AISTUDIO_AUTH_TESTS_PLUGIN_TESTING_H_
#define AISTUDIO_AUTH_TESTS_PLUGIN_TESTING_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/security/auth_context.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"

namespace aistudio::auth {

using Metadata = std::multimap<grpc::string, grpc::string>;

// Of a peer that has proved nothing.
class NoAuthContext final : public grpc::AuthContext {
 public:
  bool IsPeerAuthenticated() const override { return true; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {}; }
  std::string GetPeerIdentityPropertyName() const override { return ""; }
  std::vector<grpc::string_ref> FindPropertyValues(
      const std::string&) const override {
    return {};
  }
  grpc::AuthPropertyIterator begin() const override { return NoProperties(); }
  grpc::AuthPropertyIterator end() const override { return NoProperties(); }
  void AddProperty(const std::string&, const grpc::string_ref&) override {}
  bool SetPeerIdentityPropertyName(const std::string&) override {
    return false;
  }

 private:
  // The base's constructor is protected.
  struct NoProperties : grpc::AuthPropertyIterator {};
};

// What a call of `service_url`, "https://host[:port]/package.Service", carries.
inline grpc::Status GetMetadata(
    grpc::MetadataCredentialsPlugin& plugin, Metadata* metadata,
    grpc::string_ref service_url = "https://localhost/pkg.Service") {
  const NoAuthContext context;
  return plugin.GetMetadata(service_url, "Method", context, metadata);
}

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_PLUGIN_TESTING_H_
