#pragma once

#include <cstdint>
#include <string>

#include "clients/tools/nsq_bench/histogram.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace nsq::bench {

/// What to ask, how often at once, and for how long.
struct GetPlan {
  std::string http_address;
  std::string target;  ///< path and query
  std::int64_t connections = 16;
  Nanoseconds run_for = Seconds(5);
};

struct GetOutcome {
  Histogram latency;             ///< from a request to the end of its answer, in nanoseconds
  std::uint64_t body_bytes = 0;  ///< of the last answer
  double seconds = 0;
};

/// Asks over connections that are kept, each with one request at a time. An answer that is not 200
/// ends it: Errc::rejected. Blocks.
Result<GetOutcome> run_gets(const GetPlan& plan);

}  // namespace nsq::bench
