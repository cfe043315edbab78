#include "common/net/http_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "common/base/errc.hpp"

namespace nsq::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

/// A body that nobody reads is thrown away up to this size, to keep the connection; above it the
/// connection ends.
constexpr std::uint64_t kMaxDiscardedBytes = 256 << 10;
constexpr std::size_t kMaxHeaders = 256;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

/// Beast's grammar, with our request filled in directly: no second copy of its fields.
class HttpParser::Impl final : public http::basic_parser<true> {
 public:
  Impl(const HttpRouter* router, std::uint32_t max_header_bytes, Pause pause)
      : router_(router), max_header_bytes_(max_header_bytes) {
    eager(pause == Pause::never);  // else put() stops behind the headers
    body_limit(boost::none);       // on_header_impl and append_body know the route's
    header_limit(max_header_bytes);
  }

  Status put_some(std::string_view& in);

  HttpRequest request;
  HttpMatch match;
  int error_status = 400;
  bool expects_continue = false;

 private:
  void on_request_impl(http::verb verb, beast::string_view method, beast::string_view target,
                       int version, error_code& ec) override;
  void on_field_impl(http::field field, beast::string_view name, beast::string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
  std::size_t on_body_impl(beast::string_view body, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, beast::string_view body,
                                 error_code& ec) override;
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& ec) override { ec = {}; }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  bool split_target();
  void malformed(int status, error_code& ec);
  void refuse(error_code& ec);

  const HttpRouter* router_;
  std::uint32_t max_header_bytes_;
  std::size_t header_bytes_ = 0;
  std::uint64_t max_body_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool in_headers_ = true;  // fields after the body are trailers
  bool has_host_ = false;
  bool refused_ = false;
};

void HttpParser::Impl::malformed(int status, error_code& ec) {
  error_status = status;
  ec = make_error_code(Errc::bad_frame);
}

void HttpParser::Impl::refuse(error_code& ec) {
  refused_ = true;
  request.body = {};
  ec = make_error_code(Errc::out_of_range);
}

/// Path and query of the target, which may be absolute ("http://host/path").
bool HttpParser::Impl::split_target() {
  std::string_view target = request.target;
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    const auto path = target.find_first_of("/?", scheme + 3);
    target = path == target.npos ? "/" : target.substr(path);
  }
  const auto question = target.find('?');
  if (question != target.npos) {
    request.raw_query = target.substr(question + 1);
    request.query = QueryParams::parse(request.raw_query);
  }
  const std::string_view path = target.substr(0, question);
  return percent_decode(path.empty() ? "/" : path, false, request.path);
}

void HttpParser::Impl::on_request_impl(http::verb, beast::string_view method,
                                       beast::string_view target, int version, error_code& ec) {
  ec = {};
  header_bytes_ += method.size() + target.size();
  request.method_name = view(method);
  request.method = parse_http_method(request.method_name);
  request.target = view(target);
  request.http_1_0 = version == 10;
  if (!split_target()) malformed(400, ec);
}

void HttpParser::Impl::on_field_impl(http::field field, beast::string_view name,
                                     beast::string_view value, error_code& ec) {
  ec = {};
  header_bytes_ += name.size() + value.size();
  if (header_bytes_ > max_header_bytes_ || request.headers.size() >= kMaxHeaders) {
    return malformed(431, ec);
  }
  if (!in_headers_) return;
  if (field == http::field::host) {
    has_host_ = true;
  } else if (field == http::field::expect) {
    expects_continue = beast::iequals(value, "100-continue");
  } else if (field == http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
    // Beast would take such a request for one without a body, and its body for a request.
    return malformed(501, ec);
  }
  request.headers.add(view(name), view(value));
}

void HttpParser::Impl::on_header_impl(error_code& ec) {
  ec = {};
  in_headers_ = false;
  header_bytes_ = 0;
  if (!has_host_ && !request.http_1_0) return malformed(400, ec);  // RFC 9112 3.2
  if (router_) match = router_->match(request.method, request.path);
  const bool routed = match.kind == HttpMatch::Kind::route;
  if (routed) request.param = std::move(match.text);
  max_body_bytes_ = routed ? match.route->max_body_bytes : kMaxDiscardedBytes;
  const std::uint64_t length = content_length().value_or(0);
  const bool has_body = length > 0 || chunked();
  if (length > max_body_bytes_ || (has_body && !routed && expects_continue)) refuse(ec);
  if (!has_body || request.http_1_0) expects_continue = false;
}

void HttpParser::Impl::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                         error_code& ec) {
  ec = {};
  // Bounded by the route, and untouched pages cost nothing.
  if (length && match.route) request.body.reserve(static_cast<std::size_t>(*length));
}

std::size_t HttpParser::Impl::on_body_impl(beast::string_view body, error_code& ec) {
  ec = {};
  body_bytes_ += body.size();
  if (body_bytes_ > max_body_bytes_) {
    refuse(ec);
  } else if (match.route) {
    request.body.append(body.data(), body.size());
  }
  return body.size();
}

std::size_t HttpParser::Impl::on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                                 error_code& ec) {
  return on_body_impl(body, ec);
}

HttpParser::Status HttpParser::Impl::put_some(std::string_view& in) {
  error_code ec;
  const std::size_t taken = put(boost::asio::const_buffer(in.data(), in.size()), ec);
  in.remove_prefix(taken);
  if (refused_) return Status::refused;
  if (ec == http::error::header_limit) error_status = 431;
  if (ec && ec != http::error::need_more) return Status::malformed;
  if (ec == http::error::need_more && in.size() > max_header_bytes_) {
    // An endless chunk header: Beast would wait for its end for ever.
    error_status = 431;
    return Status::malformed;
  }
  if (is_done()) return Status::complete;
  if (is_header_done() && !eager()) {
    eager(true);
    return Status::head;
  }
  return Status::need_more;
}

HttpParser::HttpParser(const HttpRouter* router, std::uint32_t max_header_bytes, Pause pause)
    : impl_(std::make_unique<Impl>(router, max_header_bytes, pause)) {}

HttpParser::~HttpParser() = default;

HttpParser::Status HttpParser::put(std::string_view& in) {
  return impl_->put_some(in);
}

HttpRequest& HttpParser::request() noexcept {
  return impl_->request;
}

HttpMatch& HttpParser::match() noexcept {
  return impl_->match;
}

int HttpParser::error_status() const noexcept {
  return impl_->error_status;
}

bool HttpParser::keep_alive() const {
  return impl_->keep_alive();
}

bool HttpParser::expects_continue() const noexcept {
  return impl_->is_header_done() && impl_->expects_continue;
}

}  // namespace nsq::net
