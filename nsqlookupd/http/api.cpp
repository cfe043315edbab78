#include "nsqlookupd/http/api.hpp"

#include "nsqlookupd/http/routes.hpp"

namespace nsqlookupd {

std::shared_ptr<const nsq::net::HttpRouter> make_api_router(const ApiContext& context) {
  auto router = std::make_shared<nsq::net::HttpRouter>();
  const auto shared = std::make_shared<const ApiContext>(context);
  add_lookup_route(*router, shared);  // first, as the table is searched in order
  add_query_routes(*router, shared);
  add_admin_routes(*router, shared);
  add_monitoring_routes(*router, shared);
  return router;
}

}  // namespace nsqlookupd
