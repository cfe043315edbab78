#include "common/net/http_client.hpp"

#include <array>
#include <sstream>
#include <utility>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "common/net/connect.hpp"
#include "common/net/tls_stream.hpp"
#include "common/net/tls_text.hpp"

namespace nsq::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using ReplyParser = http::response_parser<http::string_body>;

std::unexpected<Error> request_error(const HttpRequestSpec& spec, error_code code,
                                     std::string_view why) {
  return fail(code, fmt::format("{} {}://{}{}: {}", spec.method, spec.tls ? "https" : "http",
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

asio::awaitable<error_code> send_all(ByteStream& stream, std::string text) {
  std::size_t sent = 0;
  for (;;) {
    IoResult done;
    if (sent < text.size()) {
      const iovec part{text.data() + sent, text.size() - sent};
      done = stream.write_some({&part, 1});
      sent += done.bytes;
    } else {
      done = stream.flush();
      if (done.status == IoStatus::ok) co_return error_code();
    }
    if (done.status == IoStatus::error) co_return done.error;
    if (done.status != IoStatus::would_block) continue;
    const error_code ended = co_await stream.wait_writable();
    if (ended) co_return ended;
  }
}

asio::awaitable<error_code> read_reply(ByteStream& stream, ReplyParser& parser) {
  std::string input;
  std::array<char, 16384> chunk;
  for (;;) {
    const IoResult got = stream.read_some(chunk);
    error_code ec;
    if (got.status == IoStatus::error) co_return got.error;
    if (got.status == IoStatus::eof) {
      if (!parser.got_some()) co_return http::error::end_of_stream;  // put_eof() asserts it
      parser.put_eof(ec);
      if (!ec && !parser.is_done()) ec = http::error::end_of_stream;
      co_return ec;
    }
    if (got.status == IoStatus::would_block) {
      if (const error_code ended = co_await stream.wait_readable()) co_return ended;
      continue;
    }
    input.append(chunk.data(), got.bytes);
    input.erase(0, parser.put(asio::buffer(input), ec));
    if (ec == http::error::need_more) ec = {};
    if (ec || parser.is_done()) co_return ec;
  }
}

asio::awaitable<Result<HttpReply>> exchange(std::unique_ptr<ByteStream>& stream,
                                            HttpRequestSpec& spec) {
  if (spec.tls) {
    auto tls = TlsStream::make(std::move(stream), spec.tls, {}, spec.host);
    const auto secured = co_await tls->handshake(spec.request_timeout);
    stream = std::move(tls);
    if (!secured) co_return request_error(spec, secured.error().code, secured.error().text());
  }
  std::ostringstream text;
  text << make_request(spec);
  const error_code write_ec = co_await send_all(*stream, std::move(text).str());
  ReplyParser parser;
  parser.eager(true);
  parser.body_limit(spec.max_reply_bytes);
  if (spec.method == "HEAD") parser.skip(true);
  // A server that refuses an upload answers and closes: the answer says more than the write's
  // error.
  const error_code read_ec = co_await read_reply(*stream, parser);
  const bool said_why = read_ec.category() == tls_alert_category();
  if (read_ec && write_ec && !said_why) co_return request_error(spec, write_ec, write_ec.message());
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
  auto stream = make_plain_stream(std::move(*socket));
  auto first = co_await (exchange(stream, spec) || timer.async_wait(kNoThrow));
  if (first.index() == 0) co_return std::move(std::get<0>(first));
  co_return request_error(spec, make_error_code(Errc::timed_out), "timed out");
}

}  // namespace nsq::net
