#pragma once

#include <string>

#include "nsqd/stats/snapshot.hpp"

namespace nsqd {

/// The snapshot as `/stats` answers it to people: the text of spec/nsqd.md 6.5, times in the local
/// zone. Any thread.
std::string to_text(const StatsSnapshot& snapshot);

}  // namespace nsqd
