// Calls that come before the first token.

#ifndef AISTUDIO_AUTH_BENCHMARKS_COLD_START_H_
#define AISTUDIO_AUTH_BENCHMARKS_COLD_START_H_

#include "benchmarks/cloud_process.h"

namespace aistudio::auth::benchmarks {

struct ColdStart {
  int threads = 0;  // more than before
  double kilobytes_per_call = 0;
  double seconds_after_token = 0;
  int succeeded = 0;
};

// Starts so many calls, waits until they wait, gives them their token.
ColdStart MeasureColdStart(const CloudProcess& cloud, int calls);

}  // namespace aistudio::auth::benchmarks

#endif  // AISTUDIO_AUTH_BENCHMARKS_COLD_START_H_
