// What calls cost with this library, beside gRPC's AccessTokenCredentials and a
// plugin that returns a constant. scripts/benchmark runs it.
//
//   aistudio_auth_benchmark [ROUNDS]
//
// Absolute times differ by half from run to run; ratios do not. So each round
// makes some calls of each kind, in random order, and compares them with each
// other; the median over the rounds is what counts.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "aistudio/auth/credentials.h"
#include "benchmarks/calls.h"
#include "benchmarks/cloud_process.h"
#include "benchmarks/cold_start.h"
#include "grpcpp/grpcpp.h"

namespace aistudio::auth::benchmarks {
namespace {

class ConstantPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit ConstantPlugin(const std::string& token)
      : header_("Bearer " + token) {}
  bool IsBlocking() const override { return false; }
  grpc::Status GetMetadata(
      grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
      std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->emplace("authorization", header_);
    return grpc::Status();
  }

 private:
  const std::string header_;
};

class OneToken final : public TokenSource {
 public:
  explicit OneToken(std::string token) : token_(std::move(token)) {}
  absl::StatusOr<Token> Fetch(absl::Time) override {
    return Token{token_, absl::Now() + absl::Hours(12)};
  }
  std::string DebugString() const override { return "one"; }

 private:
  const std::string token_;
};

// A kind of credentials, on a channel of its own.
struct Kind {
  std::string name;
  std::shared_ptr<grpc::Channel> channel;
};

std::vector<Kind> MakeKinds(const CloudProcess& cloud) {
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = cloud.root_certificates();
  const auto connect =
      [&](const std::shared_ptr<grpc::CallCredentials>& credentials) {
        return grpc::CreateChannel(cloud.target(),
                                   grpc::CompositeChannelCredentials(
                                       grpc::SslCredentials(ssl), credentials));
      };
  const auto ours =
      TokenSourceCredentials(std::make_shared<OneToken>(cloud.token()));
  if (!ours.ok() || !ours->WaitUntilReady(absl::Seconds(30)).ok()) std::abort();
  return {
      // The first is what the others are compared with.
      {"AccessTokenCredentials",
       connect(grpc::AccessTokenCredentials(cloud.token()))},
      {"constant plugin",
       connect(grpc::MetadataCredentialsFromPlugin(
           std::make_unique<ConstantPlugin>(cloud.token())))},
      {"this library", connect(ours->call_credentials())},
  };
}

struct Figure {
  const char* name;
  double Cost::*cost;
  const char* target;           // for this library
  bool (*meets)(double ratio);  // null: none
};

double Quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(
      part * static_cast<double>(values.size() - 1))];
}

void Compare(
    const char* what, int rounds, const std::vector<Kind>& kinds,
    const std::function<Cost(const std::shared_ptr<grpc::Channel>&)>& measure,
    const std::vector<Figure>& figures) {
  static std::mt19937 random(1);
  for (const Kind& kind : kinds) measure(kind.channel);  // connects
  std::vector<std::vector<Cost>> costs(kinds.size());
  std::vector<std::size_t> order(kinds.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t kind : order) {
      costs[kind].push_back(measure(kinds[kind].channel));
    }
  }
  for (const Figure& figure : figures) {
    for (std::size_t kind = 1; kind < kinds.size(); ++kind) {
      std::vector<double> ratios;
      for (std::size_t round = 0; round < costs[0].size(); ++round) {
        ratios.push_back(costs[kind][round].*figure.cost /
                         costs[0][round].*figure.cost);
      }
      const double median = Quantile(ratios, 0.5);
      const bool is_ours = kind + 1 == kinds.size();
      std::printf("%-22s %-12s %-16s %6.3f  %6.3f .. %-6.3f %s%s\n", what,
                  figure.name, kinds[kind].name.c_str(), median,
                  Quantile(ratios, 0.25), Quantile(ratios, 0.75),
                  is_ours ? figure.target : "",
                  !is_ours || figure.meets == nullptr ? ""
                  : figure.meets(median)              ? "  met"
                                                      : "  MISSED");
      std::fflush(stdout);
    }
  }
}

template <int kThousandths>
bool AtMost(double ratio) {
  return ratio <= kThousandths / 1000.0;
}

template <int kThousandths>
bool AtLeast(double ratio) {
  return ratio >= kThousandths / 1000.0;
}

std::string LoadAverage() {
  std::ifstream file("/proc/loadavg");
  std::string load;
  std::getline(file, load);
  return load;
}

int Main(int rounds) {
  const CloudProcess cloud;
  std::printf(
      "gRPC %s, a bearer of %zu bytes, TLS, %d rounds, load average %s\n",
      grpc::Version().c_str(), cloud.token().size(), rounds,
      LoadAverage().c_str());
  std::printf("%-22s %-12s %-16s %6s  %16s target\n", "calls", "figure", "kind",
              "ratio", "quartiles");
  {
    const std::vector<Kind> kinds = MakeKinds(cloud);
    Compare("unary", rounds, kinds,
            [](const auto& channel) { return UnaryCalls(channel, 40); },
            {{"p50", &Cost::p50_seconds, "<= 1.08", &AtMost<1080>},
             {"CPU", &Cost::cpu_seconds, "<= 1.10", &AtMost<1100>}});
    Compare("bidirectional stream", rounds, kinds,
            [](const auto& channel) { return Streams(channel, 20); },
            {{"p50", &Cost::p50_seconds, "<= 1.06", &AtMost<1060>},
             {"CPU", &Cost::cpu_seconds, "", nullptr}});
    Compare(
        "unary, 16 threads", std::max(1, rounds * 2 / 5), kinds,
        [](const auto& channel) { return CallsOfThreads(channel, 16, 0.05); },
        {{"calls/s", &Cost::per_second, ">= 0.88", &AtLeast<880>},
         {"CPU", &Cost::cpu_seconds, "<= 1.10", &AtMost<1100>}});
  }
  for (const int calls : {1000, 10000}) {
    const ColdStart start = MeasureColdStart(cloud, calls);
    std::printf(
        "cold start, %d waiting calls: %d threads more (target <= 16), %.1f kB "
        "for each (target <= 25), all done %.2f s after the token (target <= "
        "3), %d succeeded\n",
        calls, start.threads, start.kilobytes_per_call,
        start.seconds_after_token, start.succeeded);
  }
  std::printf("load average at the end: %s\n", LoadAverage().c_str());
  return 0;
}

}  // namespace
}  // namespace aistudio::auth::benchmarks

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
  if (argc > 2 || rounds < 1) {
    std::fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
    return 2;
  }
  return aistudio::auth::benchmarks::Main(rounds);
}
