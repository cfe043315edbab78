#include "nsqd/http/api.hpp"

#include "nsqd/http/routes.hpp"

namespace nsqd {

std::shared_ptr<const nsq::net::HttpRouter> make_api_router(const ApiContext& context) {
  auto router = std::make_shared<nsq::net::HttpRouter>();
  const auto shared = std::make_shared<const ApiContext>(context);
  add_publish_routes(*router, shared);  // first, as the table is searched in order
  add_info_routes(*router, shared);
  add_topic_routes(*router, shared);
  add_channel_routes(*router, shared);
  add_monitoring_routes(*router, shared);
  add_config_routes(*router, shared);
  add_inspection_routes(*router, shared);
  add_pprof_routes(*router, shared);
  add_debug_routes(*router);
  return router;
}

}  // namespace nsqd
