#include "src/cli/demo.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"
#include "grpcpp/create_channel.h"
#include "src/cli/demo_load.h"
#include "src/cli/demo_view.h"
#include "src/cli/interrupt_watch.h"

ABSL_FLAG(std::optional<absl::Duration>, duration, std::nullopt,
          "how long to run; demo: 20s, fake-cloud: for ever");
ABSL_FLAG(absl::Duration, token_lifetime, absl::Seconds(3),
          "how long each token lives");
ABSL_FLAG(int, calls, 64, "how many callers make unary calls at once");

namespace aistudio::auth::cli {
namespace {

constexpr int kFailingRefresh = 3;
constexpr int kMostCallers = 1000;
constexpr absl::Duration kShortestLifetime = absl::Seconds(1);
constexpr absl::Duration kDefaultDuration = absl::Seconds(20);
constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr absl::Duration kStartTimeout = absl::Seconds(10);

// What the registry told of refreshes.
class RefreshLog {
 public:
  void Add(const RefreshEvent& event) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++(event.status.ok() ? refreshes_ : failures_);
    last_ = event;
  }

  void Describe(DemoMoment& moment) const {
    std::lock_guard<std::mutex> lock(mutex_);
    moment.refreshes = refreshes_;
    moment.refresh_failures = failures_;
    moment.generation = last_.generation;
    moment.token_left =
        std::max(last_.expires_at - absl::Now(), absl::ZeroDuration());
    moment.last_refresh =
        last_.status.ok()
            ? "good"
            : absl::StrCat("failed: ", std::string(last_.status.message()));
  }

 private:
  mutable std::mutex mutex_;
  std::int64_t refreshes_ = 0;
  std::int64_t failures_ = 0;
  RefreshEvent last_;
};

// The different tokens that arrived at AI Studio.
class ArrivedTokens {
 public:
  // Often enough that the server, which keeps the last 1000, forgets none of a
  // new token.
  void Collect(testing::FakeAiStudio& ai_studio) {
    for (const auto& call : ai_studio.calls()) {
      const auto header = call.metadata.find("authorization");
      if (call.accepted && header != call.metadata.end()) {
        headers_.insert(header->second);
      }
    }
    ai_studio.ClearCalls();
  }

  int count() const { return static_cast<int>(headers_.size()); }

 private:
  std::set<std::string> headers_;
};

int LeastGenerations(absl::Duration elapsed, absl::Duration lifetime) {
  return std::max(
      1,
      static_cast<int>(std::ceil(absl::FDivDuration(elapsed, lifetime))) - 1);
}

std::string Describe(const DemoLoad::Failure& failure) {
  const auto code = static_cast<absl::StatusCode>(failure.status.error_code());
  return absl::StrCat("  ", failure.method, "\n    ",
                      absl::StatusCodeToString(code), ": ",
                      failure.status.error_message(), "\n");
}

ExitCode Summarize(const DemoMoment& end, int generations,
                   const DemoLoad& load) {
  const int least = LeastGenerations(end.elapsed, end.token_lifetime);
  absl::PrintF(
      "\nSummary of %.1f s\n"
      "  unary calls                %d, the slowest took %.0f ms\n"
      "  streams                    %d\n"
      "  token generations          %d seen by the server, %d or more wanted\n"
      "  refreshes                  %d good, %d failed\n"
      "  failed RPCs                %d\n"
      "  RPCs without valid header  %d\n",
      absl::ToDoubleSeconds(end.elapsed), end.load.calls,
      absl::ToDoubleMilliseconds(load.slowest_call()), end.load.streams,
      generations, least, end.refreshes, end.refresh_failures, end.load.failed,
      end.refused);
  std::fflush(stdout);

  std::string fault;
  if (end.load.failed > 0 || end.refused > 0) {
    fault = "RPCs failed; the first of them:\n";
    for (const DemoLoad::Failure& failure : load.first_failures()) {
      absl::StrAppend(&fault, Describe(failure));
    }
    // The library takes a tenth of a token's life for the way to the server.
    if (load.slowest_call() > end.token_lifetime / 10) {
      absl::StrAppend(&fault,
                      "Calls were so slow that tokens may have expired on the "
                      "way: this machine is too busy for such short lives.\n");
    }
  } else if (end.load.calls == 0) {
    fault = "no RPC was made\n";
  } else if (generations < least) {
    fault = "too few token generations\n";
  }
  if (fault.empty()) return kExitOk;
  absl::FPrintF(stderr, "\naistudio-auth demo: %s", fault);
  return kExitFailed;
}

ExitCode Failed(const std::string& where, const absl::Status& status) {
  absl::FPrintF(stderr, "aistudio-auth demo: %s: %s\n", where,
                status.ToString());
  return kExitFailed;
}

ExitCode RunDemo(const std::vector<std::string>& arguments) {
  const absl::Duration duration =
      absl::GetFlag(FLAGS_duration).value_or(kDefaultDuration);
  const absl::Duration lifetime = absl::GetFlag(FLAGS_token_lifetime);
  const int callers = absl::GetFlag(FLAGS_calls);
  if (!arguments.empty()) {
    return UsageError("demo takes no \"" + arguments.front() + "\"", "demo");
  }
  if (duration <= absl::ZeroDuration() || duration > absl::Hours(24)) {
    return UsageError("--duration must be above 0 and at most 24h", "demo");
  }
  if (lifetime < kShortestLifetime || lifetime > absl::Hours(12)) {
    return UsageError("--token_lifetime must be from 1s to 12h", "demo");
  }
  if (callers < 1 || callers > kMostCallers) {
    return UsageError(absl::StrCat("--calls must be from 1 to ", kMostCallers),
                      "demo");
  }

  auto interrupts = std::make_unique<InterruptWatch>();
  testing::FakeCloud::Options cloud_options;
  cloud_options.token_lifetime = lifetime;
  const auto cloud = testing::FakeCloud::Start(cloud_options);
  if (!cloud.ok()) return Failed("cannot start the cloud", cloud.status());
  testing::FakeAiStudio& ai_studio = (*cloud)->ai_studio();
  DemoLoad::Prepare(ai_studio);
  (*cloud)->iam().FailEveryNth(
      kFailingRefresh,
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "down, as the demo wants"));

  const auto refreshes = std::make_shared<RefreshLog>();
  ProviderRegistry::Options registry_options;
  registry_options.on_event = [refreshes](const RefreshEvent& event) {
    refreshes->Add(event);
  };
  IamOptions iam_options = (*cloud)->iam_options();
  iam_options.refresh.registry = ProviderRegistry::Create(registry_options);
  const auto credentials = ServiceAccountKeyCredentials(
      (*cloud)->service_account_key_json(), iam_options);
  if (!credentials.ok()) return Failed("credentials", credentials.status());
  const absl::Status ready = credentials->WaitUntilReady(kStartTimeout);
  if (!ready.ok()) return Failed("first token", ready);

  ArrivedTokens tokens;
  const absl::Time start = absl::Now();
  DemoLoad load(
      grpc::CreateChannel((*cloud)->ai_studio_endpoint(),
                          credentials->channel_credentials((*cloud)->ssl())),
      callers);
  DemoMoment moment;
  moment.token_lifetime = lifetime;
  const auto look = [&] {
    moment.elapsed = absl::Now() - start;
    moment.to_go = std::max(duration - moment.elapsed, absl::ZeroDuration());
    moment.load = load.counts();
    moment.refused = ai_studio.refused();
    refreshes->Describe(moment);
    tokens.Collect(ai_studio);
  };
  {
    DemoView view(absl::StrFormat(
        "aistudio-auth demo: %d callers, 3 streams, TLS; every third refresh "
        "fails",
        callers));
    bool interrupted = false;
    while (!interrupted && absl::Now() - start < duration) {
      look();
      view.Show(moment);
      interrupted = interrupts->WaitFor(std::min(kTick, moment.to_go));
    }
  }
  interrupts.reset();

  load.Stop();
  look();
  return Summarize(moment, tokens.count(), load);
}

}  // namespace

Command DemoCommand() {
  return {
      "demo",
      "shows tokens refresh under load, against a cloud on this machine",
      "[flags]",
      "Starts a fake cloud on loopback, with TLS: a token service and an AI\n"
      "Studio. Then calls it with a service-account key for a while: unary "
      "calls\n"
      "from many callers, two server streams and one bidirectional stream, "
      "all\n"
      "opened again and again. Tokens live a few seconds, and every third "
      "request\n"
      "for one fails. No call may notice: exit code 0 if every RPC succeeded\n"
      "with a valid header over enough tokens, 1 if not. Ctrl-C ends it "
      "early.\n"
      "On a terminal it shows a live view, elsewhere a line a second.",
      "aistudio-auth demo --duration=60s --calls=200",
      {"duration=D", "token_lifetime=D", "calls=N"},
      &RunDemo,
  };
}

}  // namespace aistudio::auth::cli
