// The calls that are measured.

#ifndef AISTUDIO_AUTH_BENCHMARKS_CALLS_H_
#define AISTUDIO_AUTH_BENCHMARKS_CALLS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "grpcpp/channel.h"

namespace aistudio::auth::benchmarks {

// What a number of calls took.
struct Cost {
  double p50_seconds = 0;
  double cpu_seconds = 0;  // of the whole process, for one call
  double per_second = 0;   // calls
};

// One after the other.
Cost UnaryCalls(const std::shared_ptr<grpc::Channel>& channel, int count);

// One after the other; each sends a message, hears its echo, and ends.
Cost Streams(const std::shared_ptr<grpc::Channel>& channel, int count);

// Unary calls of so many threads, for so long.
Cost CallsOfThreads(const std::shared_ptr<grpc::Channel>& channel, int threads,
                    double seconds);

// Unary calls that run at the same time: started by the constructor. Finish
// waits for all and says how many succeeded.
class ManyCalls {
 public:
  ManyCalls(const std::shared_ptr<grpc::Channel>& channel, int count);
  ~ManyCalls();
  int Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aistudio::auth::benchmarks

#endif  // AISTUDIO_AUTH_BENCHMARKS_CALLS_H_
