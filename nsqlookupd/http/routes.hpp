#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "common/net/http_arguments.hpp"
#include "nsqlookupd/http/api.hpp"

namespace nsqlookupd {

/// Handlers outlive the call that makes them, so they share one context.
using ApiContextPtr = std::shared_ptr<const ApiContext>;

/// The query's topic, which need not be a valid name to be looked for.
inline nsq::net::Checked<std::string_view> topic_argument(const nsq::net::HttpRequest& request) {
  return nsq::net::required(request, "topic", "MISSING_ARG_TOPIC");
}

// One function a family of routes; each adds its own to the table.

/// Those that only read.
void add_query_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
/// /lookup, which may wait.
void add_lookup_route(nsq::net::HttpRouter& router, const ApiContextPtr& context);
/// Those that change the registry.
void add_admin_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);

/// Those for monitoring, and the log level.
void add_monitoring_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);

}  // namespace nsqlookupd
