#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/socket.hpp"

namespace nsq::test {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  /// A header's value, empty if it is absent.
  std::string header(const std::string& lower_case_name) const;
  /// The body as JSON; throws if it is none.
  nlohmann::json json() const;
};

/// `name: value` lines of a request.
using HttpHeaders = std::vector<std::string>;

/// One HTTP connection. Throws std::runtime_error when the deadline passes, the server closes
/// early, or what it sends is not HTTP.
class SimpleHttp {
 public:
  explicit SimpleHttp(Socket socket) : socket_(std::move(socket)) {}

  /// Sends bytes as they are.
  void send(std::string_view bytes) { socket_.send(bytes); }

  /// Reads one response. `to_head` when the request was HEAD, whose answer has no body.
  HttpResponse read(bool to_head = false);

  /// Sends a request with its Content-Length and reads the response.
  HttpResponse request(std::string_view method, std::string_view target, std::string_view body = {},
                       const HttpHeaders& headers = {});

  /// True once the server has closed and nothing is left to read.
  bool at_end();

 private:
  Socket socket_;
  std::string buffer_;
};

/// `text` as one chunk and the end of a chunked body.
std::string chunked(std::string_view text);

/// The body of an API error: {"message":"CODE"}.
std::string api_error(std::string_view code);

}  // namespace nsq::test
