#include "common/net/http_client.hpp"

#include <utility>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "common/net/connect.hpp"

namespace nsq::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> request_error(const HttpRequestSpec& spec, error_code code,
                                     std::string_view why) {
  return fail(code, fmt::format("{} http://{}{}: {}", spec.method,
                                join_host_port(spec.host, spec.port), spec.target, why));
}

http::request<http::string_body> make_request(HttpRequestSpec& spec) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(spec.method);
  request.target(spec.target);
  request.set(http::field::host, join_host_port(spec.host, spec.port));
  request.set(http::field::user_agent, "nsq/" NSQ_VERSION);
  request.set(http::field::connection, "close");
  const bool has_body = !spec.body.empty() || spec.method == "POST" || spec.method == "PUT";
  if (has_body) request.set(http::field::content_length, std::to_string(spec.body.size()));
  for (const auto& [name, value] : spec.headers) request.set(name, value);
  request.body() = std::move(spec.body);
  return request;
}

std::unexpected<Error> read_error(const HttpRequestSpec& spec, error_code ec) {
  if (ec == http::error::body_limit) {
    return request_error(spec, make_error_code(Errc::out_of_range), "the answer is too large");
  }
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) {
    return request_error(spec, make_error_code(Errc::closed), "unexpected EOF");
  }
  const bool grammar = ec.category() == http::make_error_code(http::error::bad_version).category();
  return request_error(spec, grammar ? make_error_code(Errc::bad_frame) : ec, ec.message());
}

asio::awaitable<Result<HttpReply>> exchange(StreamSocket& socket, HttpRequestSpec& spec) {
  const auto request = make_request(spec);
  auto [write_ec, written] = co_await http::async_write(socket, request, kNoThrow);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(spec.max_reply_bytes);
  if (spec.method == "HEAD") parser.skip(true);
  // A server that refuses an upload answers and closes: the answer says more than the write's
  // error.
  auto [read_ec, read] = co_await http::async_read(socket, buffer, parser, kNoThrow);
  if (read_ec && write_ec) co_return request_error(spec, write_ec, write_ec.message());
  if (read_ec) co_return read_error(spec, read_ec);
  HttpReply reply;
  auto message = parser.release();
  reply.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    const auto name = field.name_string();
    const auto value = field.value();
    reply.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  reply.body = std::move(message.body());
  co_return reply;
}

}  // namespace

asio::awaitable<Result<HttpReply>> http_request(HttpRequestSpec spec) {
  using namespace asio::experimental::awaitable_operators;
  Address address = tcp_address(spec.host, spec.port);
  auto socket = co_await connect_stream(std::move(address), spec.connect_timeout);
  if (!socket) co_return request_error(spec, socket.error().code, socket.error().context);
  asio::steady_timer timer(co_await asio::this_coro::executor, spec.request_timeout);
  auto first = co_await (exchange(*socket, spec) || timer.async_wait(kNoThrow));
  if (first.index() == 0) co_return std::move(std::get<0>(first));
  co_return request_error(spec, make_error_code(Errc::timed_out), "timed out");
}

}  // namespace nsq::net
