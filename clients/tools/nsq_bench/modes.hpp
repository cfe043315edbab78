#pragma once

#include "clients/tools/nsq_bench/options.hpp"
#include "common/base/result.hpp"

namespace nsq::bench {

/// Runs what the options ask for and prints the report.
/// @return the exit status, or the error that kept the run from beginning.
Result<int> run_mode(const Options& options);

// One a mode, each in its own source.
Result<int> run_publish(const Options& options);  ///< pub and http
Result<int> run_consume(const Options& options);  ///< sub
Result<int> run_pubsub(const Options& options);
Result<int> run_defer(const Options& options);
Result<int> run_idle_connections(const Options& options);  ///< conns
Result<int> run_idle_topics(const Options& options);       ///< topics

/// Identifies the messages of one run among what a topic may hold; never 0.
std::uint16_t random_run();

}  // namespace nsq::bench
