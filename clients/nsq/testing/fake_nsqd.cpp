#include "clients/nsq/testing/fake_nsqd.hpp"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "common/base/bytes.hpp"
#include "common/wire/command.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/message.hpp"

namespace nsq::client::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

bool has_body(wire::Command command) {
  switch (command) {
    case wire::Command::identify:
    case wire::Command::auth:
    case wire::Command::pub:
    case wire::Command::mpub:
    case wire::Command::dpub:
      return true;
    default:
      return false;
  }
}

std::string frame(wire::FrameType type, std::string_view data) {
  std::string out;
  wire::append_frame(out, type, data);
  return out;
}

}  // namespace

// ---- reading

asio::awaitable<bool> FakeClient::read_some() {
  std::array<char, 4096> buffer;
  auto got = co_await socket_.async_read_some(asio::buffer(buffer), kNoThrow);
  auto [code, bytes] = got;
  if (code) co_return false;
  in_.append(buffer.data(), bytes);
  co_return true;
}

asio::awaitable<void> FakeClient::read_bytes(std::size_t count) {
  while (in_.size() < count) {
    const bool more = co_await read_some();
    if (!more) throw ScriptError("the client closed the connection");
  }
}

asio::awaitable<std::string> FakeClient::read_line() {
  std::size_t end = 0;
  while ((end = in_.find('\n')) == std::string::npos) co_await read_bytes(in_.size() + 1);
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  co_return line;
}

asio::awaitable<void> FakeClient::read_magic() {
  co_await read_bytes(wire::kMagicV2.size());
  if (!in_.starts_with(wire::kMagicV2)) throw ScriptError("not the magic");
  in_.erase(0, wire::kMagicV2.size());
}

asio::awaitable<SentCommand> FakeClient::read_command() {
  SentCommand command;
  command.line = co_await read_line();
  const std::string_view name = std::string_view(command.line).substr(0, command.line.find(' '));
  if (has_body(wire::command_from_name(name))) {
    co_await read_bytes(4);
    const std::size_t size = load_be32(in_.data());
    co_await read_bytes(4 + size);
    command.body = in_.substr(4, size);
    in_.erase(0, 4 + size);
  }
  co_return command;
}

asio::awaitable<std::string> FakeClient::expect(std::string_view line) {
  const std::string wanted(line);
  for (;;) {
    SentCommand command = co_await read_command();
    if (command.line == wanted) co_return std::move(command.body);
    if (command.line == "NOP") continue;
    throw ScriptError("expected `" + wanted + "`, got `" + command.line + "`");
  }
}

asio::awaitable<std::vector<std::string>> FakeClient::read_to_end() {
  std::vector<std::string> lines;
  for (;;) {
    std::size_t end = 0;
    while ((end = in_.find('\n')) != std::string::npos) {
      lines.push_back(in_.substr(0, end));
      in_.erase(0, end + 1);
    }
    const bool more = co_await read_some();
    if (!more) co_return lines;
  }
}

bool FakeClient::has_input() {
  error_code ignored;
  return !in_.empty() || socket_.available(ignored) > 0;
}

// ---- writing

asio::awaitable<void> FakeClient::send_raw(std::string bytes) {
  co_await asio::async_write(socket_, asio::buffer(bytes), kNoThrow);
}

asio::awaitable<void> FakeClient::send_response(std::string_view text) {
  return send_raw(frame(wire::FrameType::response, text));
}

asio::awaitable<void> FakeClient::send_error(std::string_view text) {
  return send_raw(frame(wire::FrameType::error, text));
}

asio::awaitable<void> FakeClient::send_heartbeat() {
  return send_response(wire::kHeartbeat);
}

asio::awaitable<void> FakeClient::send_message(FakeMessage message) {
  const auto id = wire::MessageId::from(message.id);
  if (!id) throw ScriptError("a message id has 16 bytes");
  std::string bytes(wire::message_frame_bytes(message.body.size()), '\0');
  wire::write_message_frame(bytes.data(), message.timestamp_ns, message.attempts, *id,
                            message.body);
  return send_raw(std::move(bytes));
}

// ---- openings

asio::awaitable<std::string> FakeClient::handshake(std::string reply) {
  co_await read_magic();
  std::string said = co_await expect("IDENTIFY");
  co_await send_response(reply);
  co_return said;
}

asio::awaitable<std::string> FakeClient::subscribe_handshake(std::string reply) {
  co_await handshake(std::move(reply));
  SentCommand command = co_await read_command();
  if (!command.line.starts_with("SUB ")) {
    throw ScriptError("expected SUB, got `" + command.line + "`");
  }
  co_await send_response(wire::kOk);
  co_return std::move(command.line);
}

void FakeClient::close() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void FakeClient::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

// ---- listening

FakeNsqd::FakeNsqd(const asio::any_io_executor& executor)
    : acceptor_(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()) {}

Address FakeNsqd::address() const {
  return {.host = "127.0.0.1", .port = port_};
}

asio::awaitable<std::unique_ptr<FakeClient>> FakeNsqd::accept() {
  auto got = co_await acceptor_.async_accept(kNoThrow);
  auto& [code, socket] = got;
  if (code) throw ScriptError("accept: " + code.message());
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  co_return std::make_unique<FakeClient>(std::move(socket));
}

void FakeNsqd::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace nsq::client::testing
