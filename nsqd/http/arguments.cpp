#include "nsqd/http/arguments.hpp"

#include <utility>

namespace nsqd {

Checked<void> check_query(const nsq::net::HttpRequest& request) {
  if (request.query_error()) return refuse(400, "INVALID_REQUEST");
  return {};
}

Checked<std::string_view> required(const nsq::net::HttpRequest& request, std::string_view name,
                                   std::string_view missing) {
  if (auto query = check_query(request); !query) return std::unexpected(std::move(query).error());
  const auto value = request.query.find(name);
  if (!value) return refuse(400, missing);
  return *value;
}

}  // namespace nsqd
