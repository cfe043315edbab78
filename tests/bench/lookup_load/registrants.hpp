#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clients/tools/nsq_bench/histogram.hpp"
#include "common/base/result.hpp"

namespace nsq::bench {

/// Who registers what.
struct RegisterPlan {
  std::string tcp_address;
  std::int64_t peers = 100;
  std::int64_t topics = 1000;     ///< of each peer
  bool distinct = false;          ///< each peer has topics of its own; else all have the same
  std::int64_t concurrency = 64;  ///< peers that have a command under way at once
};

struct RegisterOutcome {
  Histogram identify;  ///< from each command to its reply, in nanoseconds
  Histogram register_topic;
  double seconds = 0;
};

/// nsqds as a nsqlookupd sees them: connections that IDENTIFY and REGISTER, one command at a time
/// each. They stay connected, and registered, as long as the object.
class Registrants {
 public:
  /// Opens all connections and registers everything. Blocks. Errc::rejected with the reply when one
  /// is not as it should be.
  static Result<std::unique_ptr<Registrants>> run(const RegisterPlan& plan);
  ~Registrants();
  Registrants(const Registrants&) = delete;
  Registrants& operator=(const Registrants&) = delete;

  const RegisterOutcome& outcome() const noexcept;

 private:
  class Impl;
  explicit Registrants(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nsq::bench
