#pragma once

#include "common/config/flag_set.hpp"
#include "nsqd/options/options.hpp"

namespace nsqd {

/// Declares every option of nsqd, bound to `options`, which must outlive `flags`. `--version` and
/// the ignored flags have no setting of their own: `version` is set if the version is asked for.
void declare(nsq::config::FlagSet& flags, Options& options, bool& version);

}  // namespace nsqd
