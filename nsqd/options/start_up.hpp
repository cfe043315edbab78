#pragma once

#include <string>
#include <variant>

#include "common/config/exit.hpp"
#include "nsqd/options/data_path.hpp"
#include "nsqd/options/options.hpp"

namespace nsqd {

/// nsqd is to run, or to do what `inspect` or `export_upstream` ask for: its settings, and the data
/// directory (the one to inspect), locked for as long as this lives.
struct Startup {
  Options options;
  DataPathLock lock;
};

/// nsqd is to end at once.
using nsq::config::Exit;

/// Reads command line and config file, locks the data directory and validates, in the order of
/// spec/nsqd.md 9.5. On any mistake nothing has been touched.
///
/// Unlike upstream, a bad flag ends with status 1 and its one line, and an unknown key in the
/// config file is a mistake.
std::variant<Startup, Exit> start_up(int argc, const char* const* argv);

/// Prints what `exit` says where it says. @return the status for main to return.
int report(const Exit& exit);

}  // namespace nsqd
