#include "clients/nsq/testing/fake_nsqlookupd.hpp"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "clients/nsq/testing/fake_nsqd.hpp"

namespace nsq::client::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
}

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
  co_await asio::async_write(socket_, asio::buffer(bytes), kNoThrow);
}

asio::awaitable<void> FakeQuery::until_closed() {
  std::array<char, 1024> ignored;
  for (;;) {
    auto got = co_await socket_.async_read_some(asio::buffer(ignored), kNoThrow);
    auto [code, bytes] = got;
    if (code) co_return;
  }
}

FakeNsqlookupd::FakeNsqlookupd(const asio::any_io_executor& executor)
    : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()) {}

LookupdUrl FakeNsqlookupd::url() const {
  return {.host = "127.0.0.1", .port = port_, .path = "/lookup", .query = {}};
}

asio::awaitable<std::unique_ptr<FakeQuery>> FakeNsqlookupd::accept() {
  auto got = co_await acceptor_.async_accept(kNoThrow);
  auto& [code, socket] = got;
  if (code) throw ScriptError("accept: " + code.message());
  std::string head;
  std::array<char, 1024> buffer;
  while (!head.ends_with("\r\n\r\n")) {
    auto read = co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
    auto [read_code, bytes] = read;
    if (read_code) throw ScriptError("the client closed within a request");
    head.append(buffer.data(), bytes);
  }
  co_return std::make_unique<FakeQuery>(std::move(socket), std::move(head));
}

void FakeNsqlookupd::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace nsq::client::testing
