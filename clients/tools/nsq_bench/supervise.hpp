#pragma once

#include <cstdint>
#include <functional>

#include "clients/tools/nsq_bench/fleet.hpp"
#include "clients/tools/nsq_bench/options.hpp"

namespace nsq::bench {

/// Why a run ended.
enum class Ending {
  finished,
  idle,         ///< nothing moved for -idle
  timed_out,    ///< -timeout
  interrupted,  ///< SIGINT or SIGTERM
  failed,       ///< a connection or the server failed; Fleet::health() knows
};

std::string_view to_string(Ending ending);

/// From now on SIGINT and SIGTERM end a run and what comes after it, instead of the process.
void catch_signals();
/// Whether one came.
bool interrupted() noexcept;
/// Sleeps, at most until a signal comes. @return whether the time passed in full.
bool sleep_for(Nanoseconds time);

/// Starts the fleet, watches it until one of the endings, and stops it. Shows a live line on stderr
/// once a second if that is a terminal and not -json.
/// @param finished     asked a hundred times a second.
/// @param quiet_until  standing still is no reason to end before this time of the steady clock;
///                     may change while it runs.
Ending supervise(Fleet& fleet, const Options& options, const std::function<bool()>& finished,
                 const std::function<std::int64_t()>& quiet_until = {});

}  // namespace nsq::bench
