#pragma once

#include <string>
#include <vector>

namespace nsq::test {

/// An HTTP request that reads or changes something.
struct ApiRequest {
  std::string method;
  std::string pattern;  ///< of its route
  std::string target;   ///< path and query, about topic `orders` and channel `billing`
  std::string body;

  /// As bytes, on a connection that ends with it; with `Authorization: Bearer` if there is a
  /// secret.
  std::string bytes(const std::string& secret = {}) const;
};

/// One for each route that the daemon has, from its own table.
std::vector<ApiRequest> nsqd_requests();
std::vector<ApiRequest> nsqlookupd_requests();

}  // namespace nsq::test
