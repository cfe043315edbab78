#pragma once

namespace nsq::client {

/// The number that the next Producer or Consumer of this process has in its log lines: 1, 2, 3 ...
/// Any thread. Source: spec/tools.md 1.4.
int next_client_id() noexcept;

}  // namespace nsq::client
