#pragma once

#include <functional>

#include "common/base/log.hpp"
#include "common/net/http_server.hpp"

namespace nsq::net {

/// The hook for HttpServerOptions::access_log: one INFO line a request,
/// `<status> <METHOD> <request-uri> (<remote>) <elapsed>`. Source: spec/nsqd.md 9.7.
std::function<void(const HttpAccess&)> make_access_log(Logger logger);

}  // namespace nsq::net
