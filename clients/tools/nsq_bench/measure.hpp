#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "clients/tools/nsq_bench/fleet.hpp"
#include "clients/tools/nsq_bench/procfs.hpp"
#include "clients/tools/nsq_bench/report.hpp"
#include "clients/tools/nsq_bench/supervise.hpp"

namespace nsq::bench {

/// The server's and the generator's own state at one moment of a run.
struct Moment {
  std::int64_t at = 0;  ///< steady clock
  std::optional<ProcessSample> server = std::nullopt;
  double own_cpu_seconds = 0;

  /// @param pid  the server's; 0: there is none to look at.
  static Moment now(std::int64_t pid);
};

/// Errc::bad_config when -pid names no process that can be read.
Result<void> check_pid(const Options& options);

// The parts of which the modes' reports are made. All after Fleet::join().

/// What lies between the generator and the socket, if anything.
void report_layers(Report& report, const Options& options);

/// Mode, topic, layers and what else the figures depend on.
void report_settings(Report& report, const Options& options);

/// What was sent and answered, how fast, and how long answers took.
void report_publishing(Report& report, const Fleet& fleet, const Options& options);

/// What was received, how fast, and what was lost, repeated, or of another run.
/// @param sent  by publisher, where known: then everything missing is lost. Else what is missing
///              before something that came, and what lacks to `expected` a channel if not 0.
/// @param ending    what was still on its way when a run was interrupted is not lost.
/// @return messages lost on all channels together.
std::uint64_t report_consuming(Report& report, const Fleet& fleet, const Options& options,
                               std::optional<std::span<const std::uint64_t>> sent,
                               std::uint64_t expected, Ending ending);

/// What both processes spent on `messages`, of which the generator handled `handled` one way or the
/// other.
void report_cost(Report& report, const Moment& before, const Moment& after, std::uint64_t messages,
                 std::uint64_t handled);

/// Adds how the run ended, and prints the report.
/// @return the exit status: 1 if anything failed or was lost.
int conclude(Report& report, const Options& options, const Health& health, Ending ending,
             std::uint64_t lost);

}  // namespace nsq::bench
