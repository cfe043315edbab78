#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/net/http_message.hpp"

namespace nsq::net {

/// Answers at once. The fast path: costs no coroutine.
using HttpHandler = std::function<HttpResponse(HttpRequest&)>;
/// Answers when it can. The request lives until then.
using HttpAsyncHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest&)>;

/// One line of the routing table. Handlers run on the connection's thread, so on several at a time
/// where HttpThreads share the table; what they throw is logged and answered with 500
/// INTERNAL_ERROR.
struct HttpRoute {
  HttpMethod method = HttpMethod::get;
  /// An exact path, or one whose last element is a parameter: "/config/:opt".
  std::string pattern;
  std::variant<HttpHandler, HttpAsyncHandler> handler;
  /// Largest accepted body, in bytes. What is larger gets `too_large` without the handler: at once
  /// by its Content-Length, else when that many were read; then the connection ends.
  std::size_t max_body_bytes = 1 << 20;
  HttpResponse too_large = error_response(413, "BODY_TOO_BIG");
  /// Whether the access log hook is called.
  bool access_log = true;
};

/// What the table says about a method and path.
struct HttpMatch {
  enum class Kind {
    route,               ///< `route`, with `text` the parameter's value
    redirect,            ///< `text` is the right path
    options,             ///< `text` is the Allow list
    method_not_allowed,  ///< `text` is the Allow list
    not_found,
  };
  Kind kind = Kind::not_found;
  const HttpRoute* route = nullptr;
  std::string text;
};

/// The table of routes. Filled before the server starts, constant (so any thread) afterwards.
class HttpRouter {
 public:
  /// A second route of the same method and pattern is a bug (asserted).
  void add(HttpRoute route);

  /// The table, in the order in which it was filled.
  const std::vector<HttpRoute>& routes() const noexcept { return routes_; }

  /// @param path  decoded, without query.
  /// A path that differs from a route of the same method by a trailing slash, letter case, or `//`,
  /// `.` and `..` elements redirects to it; this comes before the other methods' routes.
  /// Source: spec/nsqd.md 6.1.
  HttpMatch match(HttpMethod method, std::string_view path) const;

 private:
  std::string allow(std::string_view path) const;
  std::string redirect_target(HttpMethod method, std::string_view path) const;

  std::vector<HttpRoute> routes_;
};

}  // namespace nsq::net
