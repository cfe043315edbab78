#include "common/net/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/net/connect.hpp"
#include "common/net/task_group.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;

struct Fixture {
  asio::io_context context;
  std::shared_ptr<test::RecordingSink> sink = std::make_shared<test::RecordingSink>();
  Logger logger{sink, LogLevel::debug};
  std::vector<AcceptedSocket> accepted;
  TaskGroup group{context.get_executor(), logger};

  std::unique_ptr<Listener> bind(const Address& address) {
    auto listener = Listener::bind(context.get_executor(), address, "TCP", logger);
    if (!listener) FAIL(listener.error().text());
    return std::move(*listener);
  }

  asio::awaitable<void> accept(Listener& listener) {
    const auto keep = [this](AcceptedSocket socket) { accepted.push_back(std::move(socket)); };
    const auto outcome = co_await listener.accept_loop(keep);
    CHECK(outcome.has_value());
  }

  /// co_spawn wants results that have a default, so the socket goes through an optional.
  Result<StreamSocket> try_connect(const Address& address) {
    std::optional<Result<StreamSocket>> result;
    const auto work = [&]() -> asio::awaitable<void> {
      auto socket = co_await connect_stream(address, test::kDeadline);
      result = std::move(socket);
    };
    test::run(context, work());
    return std::move(*result);
  }

  StreamSocket connect(const Address& address) {
    auto socket = try_connect(address);
    if (!socket) FAIL(socket.error().text());
    return std::move(*socket);
  }

  /// Runs the context until so many sockets were accepted.
  void await_accepted(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
    context.restart();
    while (accepted.size() < count && context.run_one_until(deadline) > 0) {
    }
    REQUIRE(accepted.size() == count);
  }
};

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t bytes = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &bytes) == 0);
  return value;
}

TEST_CASE_METHOD(Fixture, "port 0 is answered with the port that was chosen", "[net][listener]") {
  const auto listener = bind(tcp_address("127.0.0.1", 0));
  CHECK(listener->local_address().host == "127.0.0.1");
  CHECK(listener->local_address().port != 0);
}

TEST_CASE_METHOD(Fixture, "accepted sockets know their peer and have the TCP options",
                 "[net][listener]") {
  const auto listener = bind(tcp_address("127.0.0.1", 0));
  group.spawn("accept", accept(*listener));
  const auto client = connect(listener->local_address());
  await_accepted(1);
  const auto local = client.local_endpoint();
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(local.data());
  CHECK(accepted[0].remote() == join_host_port("127.0.0.1", ntohs(v4->sin_port)));
  const int fd = accepted[0].native_handle();
  CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
  CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  listener->close();
  test::run(context, group.wait());
  CHECK(sink->lines() ==
        std::vector<std::string>{"TCP: listening on " + to_string(listener->local_address()),
                                 "TCP: closing " + to_string(listener->local_address())});
}

TEST_CASE_METHOD(Fixture, "no host means all interfaces, and IPv4 peers read as IPv4",
                 "[net][listener]") {
  const auto listener = bind(tcp_address("", 0));
  group.spawn("accept", accept(*listener));
  const auto client = connect(tcp_address("127.0.0.1", listener->local_address().port));
  await_accepted(1);
  CHECK(accepted[0].remote().starts_with("127.0.0.1:"));
  listener->close();
  test::run(context, group.wait());
}

TEST_CASE_METHOD(Fixture, "an address in use is refused with upstream's words", "[net][listener]") {
  const auto first = bind(tcp_address("127.0.0.1", 0));
  const Address address = first->local_address();
  const auto second = Listener::bind(context.get_executor(), address, "TCP", logger);
  REQUIRE_FALSE(second.has_value());
  const std::string text = to_string(address);
  CHECK(second.error().code == boost::system::errc::address_in_use);
  CHECK(second.error().text() ==
        "listen (" + text + ") failed - listen tcp " + text + ": bind: address already in use");
}

TEST_CASE_METHOD(Fixture, "a unix socket's file appears, and goes when it closes",
                 "[net][listener]") {
  const test::TempDir dir;
  const auto path = dir.path() / "nsqd.sock";
  auto listener = bind(*parse_address(path.string()));
  CHECK(std::filesystem::is_socket(path));
  group.spawn("accept", accept(*listener));
  const auto client = connect(listener->local_address());
  await_accepted(1);
  CHECK(accepted[0].remote() == "@");
  listener->close();
  CHECK_FALSE(std::filesystem::exists(path));
  test::run(context, group.wait());
}

TEST_CASE_METHOD(Fixture, "a stale unix socket file makes the bind fail and stays",
                 "[net][listener]") {
  const test::TempDir dir;
  const auto path = (dir.path() / "nsqd.sock").string();
  std::ofstream(path) << "stale";
  const auto listener = Listener::bind(context.get_executor(), *parse_address(path), "TCP", logger);
  REQUIRE_FALSE(listener.has_value());
  CHECK(listener.error().text() ==
        "listen (" + path + ") failed - listen unix " + path + ": bind: address already in use");
  CHECK(std::filesystem::exists(path));
}

/// Takes all free descriptors of the process until it is destroyed.
class DescriptorShortage {
 public:
  DescriptorShortage() {
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) taken_.push_back(fd);
  }
  ~DescriptorShortage() {
    for (const int fd : taken_) ::close(fd);
  }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;

 private:
  std::vector<int> taken_;
};

TEST_CASE_METHOD(Fixture, "the accept loop survives a shortage of descriptors", "[net][listener]") {
  const auto listener = bind(tcp_address("127.0.0.1", 0));
  const auto client = connect(listener->local_address());  // waits in the backlog
  const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
  {
    const DescriptorShortage shortage;
    group.spawn("accept", accept(*listener));
    context.restart();
    while (!sink->has("temporary accept failure - too many open files") &&
           context.run_one_until(deadline) > 0) {
    }
    CHECK(accepted.empty());
    CHECK(group.running() == 1);
  }
  await_accepted(1);
  listener->close();
  test::run(context, group.wait());
}

TEST_CASE_METHOD(Fixture, "a socket moves to another thread's context", "[net][listener]") {
  const auto listener = bind(tcp_address("127.0.0.1", 0));
  group.spawn("accept", accept(*listener));
  auto client = connect(listener->local_address());
  await_accepted(1);
  asio::io_context other;
  auto socket = accepted[0].attach(other.get_executor());
  REQUIRE(socket.has_value());
  CHECK(accepted[0].native_handle() == -1);
  const auto stream = make_plain_stream(std::move(*socket));
  client.close();
  const auto ec = test::run(other, stream->wait_readable());
  CHECK_FALSE(ec);
  char byte = 0;
  CHECK(stream->read_some({&byte, 1}).status == IoStatus::eof);
  listener->close();
  test::run(context, group.wait());
}

TEST_CASE_METHOD(Fixture, "connecting where nobody listens says so", "[net][connect]") {
  Address address = tcp_address("127.0.0.1", 0);
  {
    const auto listener = bind(address);
    address = listener->local_address();
  }
  const auto socket = try_connect(address);
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().text() ==
        "dial tcp " + to_string(address) + ": connect: connection refused");
}

}  // namespace
}  // namespace nsq::net
