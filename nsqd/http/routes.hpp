#pragma once

#include <memory>

#include "common/net/http_router.hpp"
#include "nsqd/http/api.hpp"

namespace nsqd {

/// Handlers outlive the call that makes them, so they share one context.
using ApiContextPtr = std::shared_ptr<const ApiContext>;

// One function a family of routes; each adds its own to the table.

void add_publish_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_topic_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_channel_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_info_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_monitoring_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_config_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_inspection_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_pprof_routes(nsq::net::HttpRouter& router, const ApiContextPtr& context);
void add_debug_routes(nsq::net::HttpRouter& router);

}  // namespace nsqd
