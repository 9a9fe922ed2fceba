// What the auth methods that exchange a secret at IAM have in common.

#ifndef AISTUDIO_AUTH_SRC_METHODS_IAM_METHODS_H_
#define AISTUDIO_AUTH_SRC_METHODS_IAM_METHODS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "aistudio/auth/credentials.h"
#include "src/grpc/auth_plugin.h"
#include "src/io/iam_stub.h"

namespace aistudio::auth::internal {

struct IamMethod {
  const char* name;  // the plugin's class
  PluginFactory make_plugin;
  // A digest of what makes two of this method's credentials equal, besides the
  // options.
  std::string identity;
  std::function<std::shared_ptr<TokenSource>(std::unique_ptr<IamStub>,
                                             std::shared_ptr<Clock>)>
      make_source;
};

// Checks `options` and makes the handle. Errors name the method.
absl::StatusOr<Credentials> IamCredentials(const IamMethod& method,
                                           const IamOptions& options);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_METHODS_IAM_METHODS_H_
