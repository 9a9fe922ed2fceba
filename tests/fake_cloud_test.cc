// FakeCloud's AI Studio, and the cloud as a whole.

#include "tests/fake_cloud_testing.h"

namespace aistudio::auth::testing::fake_cloud_test {
namespace {

TEST_F(FakeCloudTest, AiStudioWantsExactlyOneGoodHeader) {
  const std::string none = "IAM token or API key has to be passed in request";
  const std::string many = "authorization metadata cannot have multiple values";
  const std::string bad = "The token is invalid";
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  EXPECT_TRUE(Echo({BearerHeader()}).ok());
  ExpectRefusedByAiStudio({}, none);
  ExpectRefusedByAiStudio({ApiKeyHeader(), ApiKeyHeader()}, many);
  ExpectRefusedByAiStudio({"Bearer t1.unknown"}, bad);
  ExpectRefusedByAiStudio({"Api-Key unknown"}, bad);
  ExpectRefusedByAiStudio({"Bearer " + cloud_->api_key()}, bad);
  ExpectRefusedByAiStudio({"Bearer "}, bad);
  ExpectRefusedByAiStudio({cloud_->api_key()}, bad);
  EXPECT_EQ(cloud_->ai_studio().accepted(), 2);
  EXPECT_EQ(cloud_->ai_studio().refused(), 7);

  cloud_->ai_studio().AddApiKey("unknown");
  EXPECT_TRUE(Echo({"Api-Key unknown"}).ok());

  cloud_->ai_studio().AllowAnonymous(true);
  EXPECT_TRUE(Echo({}).ok());
  ExpectRefusedByAiStudio({"Bearer t1.unknown"}, bad);
}

TEST_F(FakeCloudTest, CallsAreRemembered) {
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  EXPECT_FALSE(Echo({}).ok());
  const std::vector<FakeAiStudio::Call> calls = cloud_->ai_studio().calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].method, kMethod);
  EXPECT_EQ(calls[0].metadata.find("authorization")->second, ApiKeyHeader());
  EXPECT_TRUE(calls[0].accepted);
  EXPECT_FALSE(calls[1].accepted);
  cloud_->ai_studio().ClearCalls();
  EXPECT_TRUE(cloud_->ai_studio().calls().empty());
}

TEST_F(FakeCloudTest, AServerStreamGivesSeveralResponsesAndItsStatus) {
  FakeAiStudio::MethodBehavior behavior;
  behavior.responses = 3;
  behavior.interval = absl::Milliseconds(10);
  behavior.status = grpc::Status(grpc::StatusCode::DATA_LOSS, "lost");
  cloud_->ai_studio().SetBehavior(kMethod, behavior);

  const absl::Time start = absl::Now();
  Stream stream(ai_studio_channel_, kMethod, ApiKeyHeader());
  EXPECT_TRUE(stream.Write("hello"));
  stream.WritesDone();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stream.Read(), "hello");
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(20));
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(FakeCloudTest, AMethodCanHaveAResponseOfItsOwn) {
  FakeAiStudio::MethodBehavior behavior;
  behavior.responses = 2;
  behavior.response = std::string("a\0b", 3);
  cloud_->ai_studio().SetBehavior(kMethod, behavior);
  Stream stream(ai_studio_channel_, kMethod, ApiKeyHeader());
  EXPECT_TRUE(stream.Write("hello"));
  stream.WritesDone();
  EXPECT_EQ(stream.Read(), behavior.response);
  EXPECT_EQ(stream.Read(), behavior.response);
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(FakeCloudTest, ABidirectionalStreamIsAnEcho) {
  Stream stream(ai_studio_channel_, kMethod, ApiKeyHeader());
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(stream.Write(absl::StrCat("message ", i)));
    EXPECT_EQ(stream.Read(), absl::StrCat("message ", i));
  }
  stream.WritesDone();
  EXPECT_EQ(stream.Read(), "<end>");
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(FakeCloudTest, TheDestructorEndsHangingCallsAndOpenStreamsAtOnce) {
  FakeAiStudio::MethodBehavior slow;
  slow.responses = 10;
  slow.interval = absl::Hours(1);
  cloud_->ai_studio().SetBehavior("/test.Service/Slow", slow);
  cloud_->iam().Hang(true);
  std::vector<std::unique_ptr<CreateCall>> calls;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(StartCreate());
    for (const std::string method : {kMethod, "/test.Service/Slow"}) {
      streams.push_back(
          std::make_unique<Stream>(ai_studio_channel_, method, ApiKeyHeader()));
      EXPECT_TRUE(streams.back()->Write("hello"));
      EXPECT_EQ(streams.back()->Read(), "hello");
    }
  }
  while (cloud_->iam().requests() < 20) absl::SleepFor(absl::Milliseconds(1));

  const absl::Time start = absl::Now();
  cloud_.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(2));
  for (auto& call : calls) EXPECT_FALSE(call->Wait().ok());
  for (auto& stream : streams) EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(FakeCloudTest, ManyCallsOnManyConnectionsAreAnswered) {
  std::vector<std::unique_ptr<EchoCall>> calls;
  std::shared_ptr<grpc::Channel> channel;
  for (int i = 0; i < 200; ++i) {
    if (i % 10 == 0) {
      channel = NewChannel(*cloud_, cloud_->ai_studio_endpoint());
    }
    calls.push_back(
        std::make_unique<EchoCall>(channel, kMethod, ToBytes("hello"),
                                   std::vector<std::string>{ApiKeyHeader()}));
  }
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
  EXPECT_EQ(cloud_->ai_studio().accepted(), 200);
}

TEST_F(FakeCloudTest, CallsAreAnsweredWhileThreadsOfGrpcAreParked) {
  class Parked final : public grpc::MetadataCredentialsPlugin {
   public:
    Parked(std::shared_future<std::string> header, std::atomic<int>* parked)
        : header_(std::move(header)), parked_(parked) {}
    grpc::Status GetMetadata(
        grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
        std::multimap<grpc::string, grpc::string>* metadata) override {
      ++*parked_;
      metadata->emplace("authorization", header_.get());
      return grpc::Status::OK;
    }

   private:
    const std::shared_future<std::string> header_;
    std::atomic<int>* const parked_;
  };
  std::atomic<int> parked{0};
  std::promise<std::string> header;
  EXPECT_TRUE(Echo({ApiKeyHeader()}).ok());
  const auto credentials = grpc::MetadataCredentialsFromPlugin(
      std::make_unique<Parked>(header.get_future().share(), &parked));
  const auto channel = grpc::CreateChannel(
      cloud_->ai_studio_endpoint(),
      grpc::CompositeChannelCredentials(grpc::SslCredentials(cloud_->ssl()),
                                        credentials));
  std::vector<std::unique_ptr<EchoCall>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(
        std::make_unique<EchoCall>(channel, kMethod, ToBytes("hello")));
  }
  // gRPC's pool has two threads at least.
  while (parked < 2) absl::SleepFor(absl::Milliseconds(1));
  header.set_value(BearerHeader());
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
}

}  // namespace
}  // namespace aistudio::auth::testing::fake_cloud_test
