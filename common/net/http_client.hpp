#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/base/bytes.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/net/http_message.hpp"
#include "common/net/tls_context.hpp"

namespace nsq::net {

struct HttpRequestSpec {
  std::string method = "GET";
  std::string host;  ///< name or literal, without brackets
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, encoded
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  Nanoseconds connect_timeout = Seconds(2);
  Nanoseconds request_timeout = Seconds(5);  ///< from connected to the last byte
  std::size_t max_reply_bytes = 64_MiB;      ///< a larger body is Errc::out_of_range
  TlsContext::Ptr tls = nullptr;             ///< if set, https, with `host` in the certificate
};

struct HttpReply {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

/// Makes one request on a connection of its own, on the awaiting coroutine's executor. Any status
/// is a reply; redirects are not followed. Host, Content-Length, User-Agent and Connection are set
/// unless given.
/// @return connect_stream's errors; Errc::timed_out; Errc::bad_frame when the answer is not HTTP;
///         the handshake's and the socket's errors. The text names the URL.
boost::asio::awaitable<Result<HttpReply>> http_request(HttpRequestSpec spec);

}  // namespace nsq::net
