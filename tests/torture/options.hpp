#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsq::torture {

struct Options {
  std::uint64_t seed = 0;  ///< 0 in the command line: a random one
  int rounds = 50;
  double seconds_per_round = 2;
  int kill_percent = 70;               ///< of the rounds; the others end with SIGTERM
  int drain_every = 25;                ///< rounds between the checks for losses
  std::string nsqd;                    ///< empty: $NSQ_NSQD, else the one of this build
  std::vector<std::string> nsqd_args;  ///< more flags for it
  std::string keep;                    ///< where to copy the data path of a failed run; empty: not
};

/// The text of --help.
std::string_view usage();

/// Reads `--flag value` and `--flag=value`. Throws std::invalid_argument with a line that names the
/// mistake.
Options parse_options(const std::vector<std::string>& args);

}  // namespace nsq::torture
