#pragma once

#include <memory>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/net/http_router.hpp"
#include "nsqlookupd/http/lookup_waiters.hpp"
#include "nsqlookupd/registry/registry.hpp"

namespace nsqlookupd {

/// What the handlers work on. All of it outlives the router.
struct ApiContext {
  Registry& registry;
  LookupWaiters& waiters;
  nsq::Logger log;
  nsq::WallTime start_time{};  ///< of the daemon
};

/// The HTTP API of spec/nsqlookupd.md 5 and 6, and long polling on /lookup
/// (docs/protocol-extensions.md). Its handlers run on the registry's thread and nowhere else.
std::shared_ptr<const nsq::net::HttpRouter> make_api_router(const ApiContext& context);

}  // namespace nsqlookupd
