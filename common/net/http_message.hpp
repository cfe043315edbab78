#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nsq::net {

struct TlsPeer;

enum class HttpMethod { get, head, post, put, del, options, patch, other };

/// "GET", …; "" for other.
std::string_view to_string(HttpMethod method);

/// Case-sensitive, as HTTP has it.
HttpMethod parse_http_method(std::string_view name);

/// Header fields in their order. Names compare without regard to case.
class HttpHeaders {
 public:
  void add(std::string_view name, std::string_view value);
  /// The first one's value; views into this object.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t size() const noexcept { return entries_.size(); }
  /// Name and value of the i-th; views into this object.
  std::pair<std::string_view, std::string_view> at(std::size_t i) const;

 private:
  struct Entry {
    std::uint32_t begin, name_bytes, value_bytes;
  };
  std::string text_;  // all names and values in one block: one allocation for a request
  std::vector<Entry> entries_;
};

/// The decoded parameters of a URL's query. The first of equal names counts.
class QueryParams {
 public:
  /// Splits at `&`, then at the first `=`; decodes %xx and `+`. A part with a `;` or a bad escape
  /// is left out and sets has_error(). Source: spec/nsqd.md 6.1.
  static QueryParams parse(std::string_view raw);

  /// The first value of that name (empty when it had no `=`), or nothing. Views into this object.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has_error() const noexcept { return error_; }
  std::size_t size() const noexcept { return params_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> params_;
  bool error_ = false;
};

/// Decodes %xx (and, in a query, `+`) into `out`. @return false on a bad escape.
bool percent_decode(std::string_view text, bool plus_is_space, std::string& out);

/// A request as handlers see it: a plain value, so that a test can build one.
struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string method_name;  ///< as sent, for logs and unknown methods
  std::string target;       ///< as sent: path and raw query
  std::string path;         ///< decoded, without query
  std::string raw_query;    ///< after the `?`, as sent
  QueryParams query;
  std::string param;  ///< what `:param` of the route's pattern matched
  bool http_1_0 = false;
  HttpHeaders headers;
  std::string body;              ///< a handler may move it away
  std::string remote;            ///< `ip:port` of the peer, `@` for a unix socket
  const TlsPeer* tls = nullptr;  ///< of an HTTPS connection; lives as long as the request

  /// 400 INVALID_REQUEST is due: a `;` or a bad escape in the query.
  bool query_error() const noexcept { return query.has_error(); }
};

/// An answer. Date, Content-Length and Connection are the server's business.
struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type;                                  ///< empty: no Content-Type
  std::vector<std::pair<std::string, std::string>> headers;  ///< further ones
  bool close = false;                                        ///< end the connection after it
  bool skip_api_header = false;                              ///< leave X-NSQ-Content-Type out
};

/// 200 with `text/plain; charset=utf-8`.
HttpResponse text_response(std::string body);
/// 200 without body and Content-Type.
HttpResponse empty_response();
/// `application/json; charset=utf-8`.
HttpResponse json_response(std::string body, int status = 200);
/// `{"message":"<code>"}` as JSON. `code` must need no escaping.
HttpResponse error_response(int status, std::string_view code);

/// "OK", "Not Found", …; "Unknown" for a number without a usual text.
std::string_view http_reason(int status);

}  // namespace nsq::net
