#include "common/net/http_arguments.hpp"

#include <utility>

namespace nsq::net {

Checked<void> check_query(const HttpRequest& request) {
  if (request.query_error()) return refuse(400, "INVALID_REQUEST");
  return {};
}

Checked<std::string_view> required(const HttpRequest& request, std::string_view name,
                                   std::string_view missing) {
  if (auto query = check_query(request); !query) return std::unexpected(std::move(query).error());
  const auto value = request.query.find(name);
  if (!value) return refuse(400, missing);
  return *value;
}

}  // namespace nsq::net
