#pragma once

#include <variant>

#include "common/config/exit.hpp"
#include "nsqlookupd/options/options.hpp"

namespace nsqlookupd {

/// Reads command line and config file and validates.
/// @return the settings to run with, or how to end at once.
///
/// Unlike upstream, a bad flag ends with status 1 and its one line, and an unknown key in the
/// config file is a mistake.
std::variant<Options, nsq::config::Exit> start_up(int argc, const char* const* argv);

}  // namespace nsqlookupd
