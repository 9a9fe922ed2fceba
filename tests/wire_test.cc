// What of credentials goes over the wire, and over which.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>

#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "tests/auth_testing.h"

namespace aistudio::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::set<std::string> HeadersOfLastCall(testing::FakeCloud& cloud) {
  std::set<std::string> names;
  const testing::FakeAiStudio::Call call = cloud.ai_studio().calls().back();
  for (const auto& header : call.metadata) {
    names.insert(header.first);
  }
  return names;
}

std::set<std::string> Added(const std::set<std::string>& all,
                            const std::set<std::string>& before) {
  std::set<std::string> added = all;
  for (const std::string& name : before) added.erase(name);
  return added;
}

// Python SDK defect D20: a header of its own retries leaks to the service.
TEST(WireTest, CredentialsAddTheirHeadersAndNothingElse) {
  const auto cloud = StartCloud();
  cloud->ai_studio().AllowAnonymous(true);
  EXPECT_TRUE(Call(ConnectBare(*cloud)).ok());
  const std::set<std::string> bare = HeadersOfLastCall(*cloud);
  EXPECT_TRUE(Stream(ConnectBare(*cloud), 1).ok());
  const std::set<std::string> bare_stream = HeadersOfLastCall(*cloud);

  const auto credentials = ServiceAccountKeyCredentials(
      cloud->service_account_key_json(), cloud->iam_options());
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_TRUE(Call(Connect(*cloud, *credentials)).ok());
  EXPECT_THAT(Added(HeadersOfLastCall(*cloud), bare),
              ElementsAre("authorization"));
  EXPECT_TRUE(Stream(Connect(*cloud, *credentials), 1).ok());
  EXPECT_THAT(Added(HeadersOfLastCall(*cloud), bare_stream),
              ElementsAre("authorization"));
  const Credentials in_folder = credentials->WithFolderId("b1gfolder");
  EXPECT_TRUE(Call(Connect(*cloud, in_folder)).ok());
  EXPECT_THAT(Added(HeadersOfLastCall(*cloud), bare),
              UnorderedElementsAre("authorization", "x-folder-id"));
}

// Answers everybody, and has seen whether a secret came.
class PlaintextServer {
 public:
  PlaintextServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
  }

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return service_.calls; }
  bool saw_header() const { return service_.saw_header; }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { Finish(grpc::Status(grpc::StatusCode::ABORTED, "seen")); }
    void OnDone() override { delete this; }
  };

  struct Service final : grpc::CallbackGenericService {
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
      ++calls;
      if (context->client_metadata().count("authorization") > 0) {
        saw_header = true;
      }
      return new Reactor();
    }
    std::atomic<int> calls{0};
    std::atomic<bool> saw_header{false};
  };

  int port_ = 0;
  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

// Python SDK defect D21: without TLS, secrets are sent in plain text.
TEST(WireTest, NothingIsSentWithoutTls) {
  PlaintextServer server;
  const auto credentials = ApiKeyCredentials("AQVNsecret");
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  const auto channel = grpc::CreateChannel(server.endpoint(),
                                           grpc::InsecureChannelCredentials());
  EXPECT_EQ(Call(channel).error_message(), "seen");
  EXPECT_EQ(server.calls(), 1);
  const grpc::Status status =
      Call(channel, absl::Seconds(30), credentials->call_credentials());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
      << status.error_message();
  EXPECT_EQ(server.calls(), 1);
  EXPECT_FALSE(server.saw_header());
}

}  // namespace
}  // namespace aistudio::auth
