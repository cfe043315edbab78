#pragma once

#include <functional>

#include "common/base/log.hpp"
#include "common/net/http_server.hpp"

namespace nsqd {

/// The hook for HttpServerOptions::access_log: one INFO line a request,
/// `<status> <METHOD> <request-uri> (<remote>) <elapsed>`. Source: spec/nsqd.md 9.7.
std::function<void(const nsq::net::HttpAccess&)> make_access_log(nsq::Logger logger);

}  // namespace nsqd
