#pragma once

#include <memory>
#include <string_view>

#include "common/base/log.hpp"

namespace nsq::client {

/// stderr in the form that NSQ's clients and tools log in, one line each:
/// `YYYY/MM/DD hh:mm:ss LVL  text`, local time, LVL one of DBG INF WRN ERR, in four columns.
/// Source: spec/tools.md 1.4.
std::shared_ptr<LogSink> make_client_sink();

/// Writes `YYYY/MM/DD hh:mm:ss text` to stderr: what a tool says of itself. Any thread.
void log_line(std::string_view text);

}  // namespace nsq::client
