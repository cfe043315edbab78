#pragma once

#include "tests/support/nsqd.hpp"

namespace nsq::test {

/// The shared nsqd with default options. A case that finds it dead fails, the next gets a new one.
Nsqd& plain_nsqd();

/// The shared nsqd with small limits: messages of 100 bytes, bodies of 1000, RDY 50, 10 messages in
/// memory, one consumer a channel, msg-timeout 1 s (at most 2 s), max-req-timeout 1 s,
/// max-heartbeat-interval 300 s, max-deflate-level 3, compression off.
Nsqd& tight_nsqd();

/// Stops both if they run, and returns how each ended.
std::vector<ExitStatus> stop_shared_daemons();

}  // namespace nsq::test
