#include "clients/tools/nsq_bench/dial.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/core.h>

#include "clients/nsq/upgrade.hpp"
#include "clients/tools/nsq_bench/frames.hpp"
#include "clients/tools/nsq_bench/socket.hpp"
#include "common/base/bytes.hpp"
#include "common/net/address.hpp"
#include "common/wire/client_commands.hpp"
#include "common/wire/identify.hpp"

namespace nsq::bench {

namespace asio = boost::asio;
using boost::system::error_code;
using net::IoStatus;

namespace {

constexpr std::uint32_t kMaxHandshakeFrame = 64 * 1024;

/// Runs what a stream's wait is: those of the bottom layer block, so it does not suspend.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> task) {
  T result{};
  std::exception_ptr escaped;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
    escaped = std::move(error);
    result = std::move(value);
  });
  io.restart();
  io.run();
  if (escaped) std::rethrow_exception(escaped);
  return result;
}

std::string identify_command(const Options& options) {
  const client::Options& asked = options.client.values;
  std::string json =
      R"({"client_id":"nsq_bench","hostname":"nsq_bench","user_agent":"nsq_bench/)" NSQ_VERSION
      R"(")";
  if (options.output_buffer_size != 0) {
    json += fmt::format(R"(,"output_buffer_size":{})", options.output_buffer_size);
  }
  if (options.output_buffer_timeout_ms != 0) {
    json += fmt::format(R"(,"output_buffer_timeout":{})", options.output_buffer_timeout_ms);
  }
  if (options.negotiates()) json += R"(,"feature_negotiation":true)";
  if (options.tls()) json += R"(,"tls_v1":true)";
  if (asked.snappy) json += R"(,"snappy":true)";
  if (asked.deflate) {
    json += fmt::format(R"(,"deflate":true,"deflate_level":{})", asked.deflate_level);
  }
  json += '}';
  std::string command;
  wire::append_identify(command, json);
  return command;
}

struct Frame {
  std::uint32_t type = 0;
  std::string data;
};

Result<std::string> receive_exactly(Connection& connection, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    auto more = connection.receive(size - bytes.size());
    if (!more) return more;
    bytes += *more;
  }
  return bytes;
}

/// The next frame but heartbeats, and not a byte behind it: that belongs to the next layer.
Result<Frame> receive_frame(Connection& connection) {
  for (;;) {
    auto header = receive_exactly(connection, kFrameHeaderBytes);
    if (!header) return std::unexpected(header.error());
    const std::uint32_t size = load_be32(header->data());
    if (size < 4 || size > kMaxHandshakeFrame) {
      return fail(Errc::bad_frame, "the server's answer is no frame");
    }
    auto data = receive_exactly(connection, size - 4);
    if (!data) return std::unexpected(data.error());
    Frame frame{.type = load_be32(header->data() + 4), .data = *std::move(data)};
    if (frame.type != kResponseFrame || frame.data != "_heartbeat_") return frame;
  }
}

/// The data of a response; an error frame is Errc::rejected.
Result<std::string> receive_response(Connection& connection) {
  auto frame = receive_frame(connection);
  if (!frame) return std::unexpected(frame.error());
  if (frame->type == kResponseFrame) return std::move(frame->data);
  return fail(Errc::rejected, fmt::format("the server answered: {}", frame->data));
}

Result<void> expect_ok(Connection& connection) {
  auto answer = receive_response(connection);
  if (!answer) return std::unexpected(answer.error());
  if (*answer == "OK") return {};
  return fail(Errc::rejected, fmt::format("the server answered: {}", *answer));
}

Result<void> check_granted(const Options& options, const wire::IdentifyResponse& granted) {
  const client::Options& asked = options.client.values;
  const auto refused = [](std::string_view what) {
    return fail(Errc::rejected, fmt::format("the server does not offer {}", what));
  };
  if (options.tls() && !granted.tls_v1) return refused("TLS");
  if (asked.snappy && !granted.snappy) return refused("snappy");
  if (asked.deflate && !granted.deflate) return refused("deflate");
  return {};
}

Result<void> authenticate(Connection& connection, const std::string& secret) {
  std::string command;
  wire::append_auth(command, secret);
  if (auto sent = connection.send(command); !sent) return sent;
  auto answer = receive_response(connection);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Error io_error(std::string_view what, const error_code& code) {
  return {code, fmt::format("{}: {}", what, code.message())};
}

}  // namespace

Result<void> Connection::send(std::string_view bytes) {
  for (;;) {
    net::IoResult done;
    if (bytes.empty()) {
      done = stream->flush();
      if (done.status == IoStatus::ok) return {};
    } else {
      const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // iovec serves reads too
      done = stream->write_some({&part, 1});
      bytes.remove_prefix(done.bytes);
    }
    if (done.status == IoStatus::error) return std::unexpected(io_error("send", done.error));
    if (done.status != IoStatus::would_block) continue;
    asio::io_context io;
    const error_code ended = run(io, stream->wait_writable());
    if (ended) return std::unexpected(io_error("send", ended));
  }
}

Result<std::string> Connection::receive(std::size_t most) {
  std::string bytes(most, '\0');
  for (;;) {
    const net::IoResult got = stream->read_some(bytes);
    if (got.status == IoStatus::ok) {
      bytes.resize(got.bytes);
      return bytes;
    }
    if (got.status == IoStatus::eof) {
      return fail(Errc::closed, "the server closed the connection");
    }
    if (got.status == IoStatus::error) return std::unexpected(io_error("receive", got.error));
    asio::io_context io;
    const error_code ended = run(io, stream->wait_readable());
    if (ended) return std::unexpected(io_error("receive", ended));
  }
}

Result<Connection> Dialer::connect(std::string_view address, std::uint64_t number) {
  auto socket = connect_tcp(address, number);
  if (!socket) return std::unexpected(socket.error());
  return Connection{.stream = make_fd_stream(*std::move(socket), io_.get_executor())};
}

Result<Connection> Dialer::client(const Options& options, std::uint64_t number) {
  auto connection = connect(options.tcp_address, number);
  if (!connection) return connection;
  auto sent = connection->send("  V2" + identify_command(options));
  if (!sent) return std::unexpected(sent.error());
  auto done = options.negotiates() ? negotiate(*connection, options) : expect_ok(*connection);
  if (!done) return std::unexpected(done.error());
  return connection;
}

Result<void> Dialer::negotiate(Connection& connection, const Options& options) {
  auto answer = receive_response(connection);
  if (!answer) return std::unexpected(answer.error());
  auto granted = wire::parse_identify_response(*answer);
  if (!granted) return fail(granted.error().code, "the server does not negotiate");
  if (auto ok = check_granted(options, *granted); !ok) return ok;
  if (granted->tls_v1) {
    if (auto ok = secure(connection, options, options.tcp_address); !ok) return ok;
    if (auto ok = expect_ok(connection); !ok) return ok;
  }
  if (granted->snappy || granted->deflate) {
    client::start_compression(connection.stream, {}, *granted);
    connection.layered = true;
    if (auto ok = expect_ok(connection); !ok) return ok;
  }
  if (!granted->auth_required) return {};
  if (options.client.values.auth_secret.empty()) {
    return fail(Errc::rejected, "the server asks for AUTH: give -client-opt=auth_secret,SECRET");
  }
  return authenticate(connection, options.client.values.auth_secret);
}

Result<void> Dialer::secure(Connection& connection, const Options& options,
                            std::string_view address) {
  auto parts = net::split_host_port(address);
  if (!parts) return std::unexpected(parts.error());
  connection.layered = true;
  return run(io_, client::start_tls(connection.stream, {}, options.client.values,
                                    std::string(parts->host)));
}

Result<Connection> Dialer::subscription(const Options& options, std::string_view topic,
                                        std::string_view channel, std::uint64_t number) {
  auto connection = client(options, number);
  if (!connection) return connection;
  if (auto sent = connection->send(fmt::format("SUB {} {}\n", topic, channel)); !sent) {
    return std::unexpected(sent.error());
  }
  if (auto ok = expect_ok(*connection); !ok) return std::unexpected(ok.error());
  return connection;
}

Result<Connection> Dialer::http(const Options& options, std::uint64_t number) {
  auto connection = connect(options.http_host(), number);
  if (!connection || !options.https()) return connection;
  if (auto ok = secure(*connection, options, options.http_host()); !ok) {
    return std::unexpected(ok.error());
  }
  return connection;
}

}  // namespace nsq::bench
