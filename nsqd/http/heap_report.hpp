#pragma once

#include <string>

#include "nsqd/http/api.hpp"

namespace nsqd {

/// Who has the memory of this process, for people: the system's view, the allocator's, and what
/// each part of nsqd knows to hold; then the topics with the most. Numbers are bytes. Takes each
/// topic's and each channel's lock for a moment. Any thread.
std::string heap_report(const ApiContext& context);

/// The allocator's own account of its arenas, as XML; empty if it gives none.
std::string allocator_arenas();

}  // namespace nsqd
