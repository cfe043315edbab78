#include "clients/nsq/testing/fake_nsqlookupd.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/testing/fake_nsqd.hpp"
#include "common/net/tls_stream.hpp"

namespace nsq::client::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// The next bytes; none when the client is gone.
asio::awaitable<std::string> read_some(net::ByteStream& stream) {
  std::array<char, 1024> buffer;
  for (;;) {
    const net::IoResult got = stream.read_some(buffer);
    if (got.status == net::IoStatus::ok) co_return std::string(buffer.data(), got.bytes);
    if (got.status != net::IoStatus::would_block) co_return "";
    const error_code ended = co_await stream.wait_readable();
    if (ended) co_return "";
  }
}

/// Gives up silently when the client is gone.
asio::awaitable<void> write_all(net::ByteStream& stream, std::string_view bytes) {
  for (;;) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // iovec serves reads too
    const net::IoResult done = bytes.empty() ? stream.flush() : stream.write_some({&part, 1});
    if (done.status == net::IoStatus::error) co_return;
    if (done.status == net::IoStatus::would_block) {
      const error_code ended = co_await stream.wait_writable();
      if (ended) co_return;
    } else if (bytes.empty()) {
      co_return;
    }
    bytes.remove_prefix(done.bytes);
  }
}

}  // namespace

std::string FakeQuery::target() const {
  const auto begin = head_.find(' ') + 1;
  return head_.substr(begin, head_.find(' ', begin) - begin);
}

asio::awaitable<void> FakeQuery::reply(int status, std::string body) {
  return send_raw(
      fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body));
}

asio::awaitable<void> FakeQuery::reply_nsqds(std::vector<Address> nsqds,
                                             std::optional<std::uint64_t> index) {
  std::string producers;
  for (const Address& nsqd : nsqds) {
    if (!producers.empty()) producers += ',';
    producers += fmt::format(R"({{"broadcast_address":"{}","tcp_port":{}}})", nsqd.host, nsqd.port);
  }
  std::string body = fmt::format(R"({{"channels":[],"producers":[{}])", producers);
  if (index) body += fmt::format(R"(,"index":{})", *index);
  return reply(200, body + "}");
}

asio::awaitable<void> FakeQuery::send_raw(std::string bytes) {
  co_await write_all(*stream_, bytes);
}

asio::awaitable<void> FakeQuery::until_closed() {
  for (;;) {
    const std::string ignored = co_await read_some(*stream_);
    if (ignored.empty()) co_return;
  }
}

FakeNsqlookupd::FakeNsqlookupd(const asio::any_io_executor& executor, net::TlsContext::Ptr tls)
    : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()),
      tls_(std::move(tls)) {}

LookupdUrl FakeNsqlookupd::url() const {
  return {
      .https = tls_ != nullptr, .host = "127.0.0.1", .port = port_, .path = "/lookup", .query = {}};
}

asio::awaitable<std::unique_ptr<FakeQuery>> FakeNsqlookupd::accept() {
  auto got = co_await acceptor_.async_accept(kNoThrow);
  auto& [code, socket] = got;
  if (code) throw ScriptError("accept: " + code.message());
  auto stream = net::make_plain_stream(std::move(socket));
  if (tls_) {
    auto secured = net::TlsStream::make(std::move(stream), tls_, {});
    const auto done = co_await secured->handshake(std::chrono::minutes(1));
    if (!done) throw ScriptError(done.error().text());
    stream = std::move(secured);
  }
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string more = co_await read_some(*stream);
    if (more.empty()) throw ScriptError("the client closed within a request");
    head += more;
  }
  co_return std::make_unique<FakeQuery>(std::move(stream), std::move(head));
}

void FakeNsqlookupd::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace nsq::client::testing
