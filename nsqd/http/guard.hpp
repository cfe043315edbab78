#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/base/log.hpp"
#include "common/net/http_message.hpp"
#include "common/net/http_router.hpp"
#include "nsqd/auth/authority.hpp"

namespace nsqd {

/// Who the client of an HTTP request is, by its `Authorization: Bearer` and its certificate; null:
/// nobody that the auth file knows, or there is no auth file.
std::shared_ptr<const Identity> identify(const Authority& authority,
                                         const nsq::net::HttpRequest& request);

/// The guard of an HttpServer that serves the API of a nsqd with an auth file: 401 to those it does
/// not know, 403 to those who may not do this. What stays open, and who may do what, is a table in
/// the source; a route that is not in it is for administrators. Any thread; `authority` outlives
/// it.
std::function<std::optional<nsq::net::HttpResponse>(const nsq::net::HttpRequest&,
                                                    const nsq::net::HttpMatch&)>
make_api_guard(const Authority& authority, nsq::Logger log);

}  // namespace nsqd
