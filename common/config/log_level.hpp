#pragma once

#include "common/base/log.hpp"
#include "common/config/option.hpp"

namespace nsq::config {

/// The option `--log-level`: debug, info, warn, error or fatal in any letter case, shown as its
/// number. `target` must outlive the FlagSet that gets it.
Custom log_level(LogLevel& target);

/// The option `--log-format`: text or json. `target` must outlive the FlagSet that gets it.
Custom log_format(LogFormat& target);

}  // namespace nsq::config
