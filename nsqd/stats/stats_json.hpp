#pragma once

#include <string>

#include "nsqd/stats/snapshot.hpp"

namespace nsqd {

/// The snapshot as `/stats?format=json` answers it: compact, members in the order of spec/nsqd.md
/// 6.5. Any thread.
std::string to_json(const StatsSnapshot& snapshot);

}  // namespace nsqd
