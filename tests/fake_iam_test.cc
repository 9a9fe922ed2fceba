// FakeCloud's token service.

#include "tests/fake_cloud_testing.h"

namespace aistudio::auth::testing::fake_cloud_test {
namespace {

TEST_F(FakeCloudTest, AGoodJwtGivesALiveToken) {
  EXPECT_TRUE(Exchange(GoodJwt()).ok());
  EXPECT_TRUE(Echo({"Bearer " + cloud_->iam().last_token()}).ok());
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);
  EXPECT_EQ(cloud_->iam().requests(), 1);
  EXPECT_EQ(cloud_->iam().failures(), 0);
}

TEST_F(FakeCloudTest, JwtsWithAFaultAreRefused) {
  Jwt jwt = GoodJwt();
  jwt.audience = "https://elsewhere";
  ExpectRefused(jwt, "JWT audience is https://elsewhere");

  jwt = GoodJwt();
  jwt.typ = "at+jwt";
  ExpectRefused(jwt, "JWT typ");

  jwt = GoodJwt();
  jwt.alg = "RS256";
  ExpectRefused(jwt, "JWT alg");

  jwt = GoodJwt();
  jwt.key_id = "aje00000000000000000";
  ExpectRefused(jwt, "JWT key id aje00000000000000000 is unknown");

  jwt = GoodJwt();
  jwt.issuer = "aje11111111111111111";
  ExpectRefused(jwt, "JWT issuer is aje11111111111111111");

  const std::int64_t now = absl::ToUnixSeconds(clock_->Now());
  jwt = GoodJwt();
  jwt.expires_at = absl::StrCat(now);
  ExpectRefused(jwt, "JWT has expired");

  jwt = GoodJwt();
  jwt.expires_at = absl::StrCat(now + 3601);
  ExpectRefused(jwt, "JWT lives longer than an hour");

  jwt = GoodJwt();
  jwt.issued_at = absl::StrCat(now + 61);
  ExpectRefused(jwt, "JWT is issued in the future");

  jwt = GoodJwt();
  jwt.issued_at = absl::StrCat("\"", now, "\"");
  ExpectRefused(jwt, "JWT iat is not a number");

  EXPECT_EQ(cloud_->iam().failures(), cloud_->iam().requests());
  EXPECT_EQ(cloud_->iam().tokens_issued(), 0);
}

TEST_F(FakeCloudTest, AJwtSignedWithTheKeyOfAnotherAccountIsRefused) {
  const Jwt other = JwtFor(
      cloud_->iam().AddServiceAccount("aje22222222222222222"), clock_->Now());
  EXPECT_EQ(other.issuer, "aje22222222222222222");
  Jwt jwt = GoodJwt();
  jwt.private_key = other.private_key;
  ExpectRefused(jwt, "JWT signature is wrong");
}

TEST_F(FakeCloudTest, AMalformedJwtIsRefused) {
  for (const std::string jwt : {"eyJ", "a.b", "a.b.c", "..", "a=.b.c"}) {
    CreateIamTokenRequest request;
    request.set_jwt(jwt);
    CreateCall call(iam_channel_, kCreate, request);
    EXPECT_EQ(call.Wait().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST_F(FakeCloudTest, TheAudienceCanBeSet) {
  cloud_->iam().SetJwtAudience("https://elsewhere");
  ExpectRefused(GoodJwt(), "JWT audience is");
  Jwt jwt = GoodJwt();
  jwt.audience = "https://elsewhere";
  EXPECT_TRUE(Exchange(jwt).ok());
}

TEST_F(FakeCloudTest, ServiceAccountsCanBeAddedAndDeleted) {
  const std::string id = "aje22222222222222222";
  const Jwt jwt = JwtFor(cloud_->iam().AddServiceAccount(id), clock_->Now());
  EXPECT_TRUE(Exchange(jwt).ok());
  cloud_->iam().DeleteServiceAccount(id);
  ExpectRefused(jwt, "is unknown");
  EXPECT_TRUE(Exchange(GoodJwt()).ok());
}

TEST_F(FakeCloudTest, OAuthTokensAreExchangedIfKnown) {
  EXPECT_TRUE(Echo({BearerHeader()}).ok());

  CreateIamTokenRequest request;
  request.set_yandex_passport_oauth_token("y0_unknown");
  CreateCall unknown(iam_channel_, kCreate, request);
  EXPECT_EQ(unknown.Wait().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(unknown.Wait().error_message(),
            "OAuth token is invalid or expired");

  cloud_->iam().AddOAuthToken("y0_unknown");
  CreateCall known(iam_channel_, kCreate, request);
  EXPECT_TRUE(known.Wait().ok());
}

TEST_F(FakeCloudTest, IamKnowsNoEmptyRequestAndNoOtherMethod) {
  CreateCall empty(iam_channel_, kCreate, CreateIamTokenRequest());
  EXPECT_EQ(empty.Wait().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(empty.Wait().error_message(),
            "Validation failed: - identity: One of the options must be "
            "selected");
  EXPECT_EQ(cloud_->iam().requests(), 1);

  CreateCall other(iam_channel_, kMethod, CreateIamTokenRequest());
  EXPECT_EQ(other.Wait().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(cloud_->iam().requests(), 1);
}

TEST_F(FakeCloudTest, TheNextRequestsFailWithTheStatusAndItsDetails) {
  cloud_->iam().FailNext(2, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                         "slow down", "details"));
  auto call = StartCreate();
  EXPECT_EQ(call->Wait().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(call->Wait().error_message(), "slow down");
  EXPECT_EQ(call->Wait().error_details(), "details");
  EXPECT_EQ(CreateCode(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
  EXPECT_EQ(cloud_->iam().requests(), 3);
  EXPECT_EQ(cloud_->iam().failures(), 2);
}

TEST_F(FakeCloudTest, EveryNthRequestFails) {
  cloud_->iam().FailEveryNth(3, down_);
  std::vector<grpc::StatusCode> codes;
  for (int i = 0; i < 6; ++i) codes.push_back(CreateCode());
  const auto ok = grpc::StatusCode::OK;
  const auto unavailable = grpc::StatusCode::UNAVAILABLE;
  EXPECT_EQ(codes, (std::vector<grpc::StatusCode>{ok, ok, unavailable, ok, ok,
                                                  unavailable}));
  cloud_->iam().FailEveryNth(0, down_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CreateCode(), ok);
}

TEST_F(FakeCloudTest, FailNextPrecedesEveryNthWhichPrecedesAlways) {
  cloud_->iam().FailAlways({grpc::StatusCode::INTERNAL, ""});
  cloud_->iam().FailEveryNth(2, {grpc::StatusCode::ABORTED, ""});
  cloud_->iam().FailNext(1, down_);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::INTERNAL);
  cloud_->iam().FailEveryNth(0, down_);
  cloud_->iam().FailAlways(grpc::Status::OK);
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
}

TEST_F(FakeCloudTest, RequestsHangUntilReleased) {
  cloud_->iam().Hang(true);
  auto cancelled = StartCreate();
  std::vector<std::unique_ptr<CreateCall>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(StartCreate());
  while (cloud_->iam().requests() < 11) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(cloud_->iam().tokens_issued(), 0);
  for (auto& call : calls) EXPECT_TRUE(call->IsPending());
  cancelled->Cancel();
  EXPECT_EQ(cancelled->Wait().error_code(), grpc::StatusCode::CANCELLED);

  cloud_->iam().Hang(false);
  for (auto& call : calls) EXPECT_TRUE(call->Wait().ok());
  EXPECT_TRUE(Create().has_expires_at());
}

TEST_F(FakeCloudTest, AnswersAndFailuresAreDelayed) {
  const absl::Duration delay = absl::Milliseconds(50);
  cloud_->iam().SetDelay(delay);
  absl::Time start = absl::Now();
  Create();
  EXPECT_GE(absl::Now() - start, delay);

  cloud_->iam().FailNext(1, down_);
  start = absl::Now();
  EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(absl::Now() - start, delay);
}

TEST_F(FakeCloudTest, EachAnswerIsAsDocumented) {
  const CreateIamTokenResponse good = Create();
  EXPECT_EQ(good.iam_token().substr(0, 3), "t1.");
  EXPECT_EQ(good.iam_token().size() - good.iam_token().rfind('.'), 87u);
  EXPECT_EQ(SaidLifetime(good), absl::Hours(12));

  cloud_->iam().SetAnswer(Answer::kNoToken);
  EXPECT_EQ(Create().iam_token(), "");

  cloud_->iam().SetAnswer(Answer::kIllegalBytes);
  EXPECT_NE(Create().iam_token().find('\n'), std::string::npos);
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);

  cloud_->iam().SetAnswer(Answer::kNoExpiry);
  EXPECT_FALSE(Create().has_expires_at());

  cloud_->iam().SetAnswer(Answer::kExpiryInThePast);
  EXPECT_EQ(SaidLifetime(Create()), -absl::Hours(1));

  cloud_->iam().SetAnswer(Answer::kExpiryFarFuture);
  EXPECT_GT(SaidLifetime(Create()), absl::Hours(24 * 365 * 99));
}

TEST_F(FakeCloudTest, TheSameTokenIsGivenAgainWhileItLives) {
  cloud_->iam().SetAnswer(Answer::kSameTokenAgain);
  const CreateIamTokenResponse first = Create();
  clock_->Advance(absl::Hours(1));
  const CreateIamTokenResponse again = Create();
  EXPECT_EQ(again.iam_token(), first.iam_token());
  EXPECT_EQ(SaidLifetime(again), absl::Hours(11));
  EXPECT_EQ(cloud_->iam().tokens_issued(), 1);

  EXPECT_TRUE(Exchange(GoodJwt()).ok());
  EXPECT_NE(cloud_->iam().last_token(), first.iam_token());

  cloud_->iam().RevokeToken(first.iam_token());
  EXPECT_NE(Create().iam_token(), first.iam_token());
}

TEST_F(FakeCloudTest, TokensLiveAsLongAsSet) {
  cloud_->iam().SetTokenLifetime(absl::Minutes(5));
  const CreateIamTokenResponse response = Create();
  EXPECT_EQ(SaidLifetime(response), absl::Minutes(5));
  clock_->Advance(absl::Minutes(5) - absl::Seconds(1));
  EXPECT_TRUE(Echo({"Bearer " + response.iam_token()}).ok());
  clock_->Advance(absl::Seconds(1));
  ExpectRefusedByAiStudio({"Bearer " + response.iam_token()},
                          "Token is invalid or has expired.");
}

TEST_F(FakeCloudTest, RevokedTokensAreRefused) {
  const std::string first = BearerHeader();
  const std::string second = BearerHeader();
  cloud_->iam().RevokeToken(first.substr(7));
  ExpectRefusedByAiStudio({first}, "The token is invalid");
  EXPECT_TRUE(Echo({second}).ok());
  cloud_->iam().RevokeAllTokens();
  ExpectRefusedByAiStudio({second}, "The token is invalid");
  EXPECT_TRUE(Echo({BearerHeader()}).ok());
}

TEST_F(FakeCloudTest, AStoppedIamRefusesConnectionsAndRestartsOnItsPort) {
  const std::string endpoint = cloud_->iam_endpoint();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
    cloud_->iam().Hang(true);
    const std::int64_t seen = cloud_->iam().requests();
    auto running = StartCreate();
    while (cloud_->iam().requests() == seen) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    const absl::Time start = absl::Now();
    cloud_->iam().Stop();
    EXPECT_FALSE(running->Wait().ok());
    EXPECT_EQ(Connect(endpoint), ECONNREFUSED);
    EXPECT_LT(absl::Now() - start, absl::Seconds(1));
    iam_channel_ = NewChannel(*cloud_, endpoint);
    EXPECT_EQ(CreateCode(), grpc::StatusCode::UNAVAILABLE);

    cloud_->iam().Hang(false);
    EXPECT_TRUE(cloud_->iam().Restart().ok());
    EXPECT_EQ(cloud_->iam_endpoint(), endpoint);
    iam_channel_ = NewChannel(*cloud_, endpoint);
  }
  EXPECT_EQ(CreateCode(), grpc::StatusCode::OK);
}

TEST_F(FakeCloudTest, IamCanStartDown) {
  FakeCloud::Options options;
  options.start_iam = false;
  auto cloud = FakeCloud::Start(options);
  ASSERT_TRUE(cloud.ok());
  EXPECT_EQ(Connect((*cloud)->iam_endpoint()), ECONNREFUSED);
  EXPECT_EQ(Connect((*cloud)->ai_studio_endpoint()), 0);
  EXPECT_TRUE((*cloud)->iam().Restart().ok());
  EXPECT_EQ(Connect((*cloud)->iam_endpoint()), 0);
}

}  // namespace
}  // namespace aistudio::auth::testing::fake_cloud_test
