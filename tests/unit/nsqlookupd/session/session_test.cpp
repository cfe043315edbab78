#include "nsqlookupd/session/session.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <boost/asio/steady_timer.hpp>

#include "common/net/task_group.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/nsqlookupd/session/protocol_fixture.hpp"

using namespace nsqlookupd;
namespace asio = boost::asio;

namespace {

/// A session on one end of a socket pair; the test has the other.
struct SessionFixture : ProtocolFixture {
  SessionFixture() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    peer_end = ends[1];
    session =
        std::make_unique<Session>(context, scratch,
                                  nsq::net::make_plain_stream(nsq::net::StreamSocket(
                                      io, asio::generic::stream_protocol(AF_UNIX, 0), ends[0])),
                                  "10.0.0.2:6");
  }
  ~SessionFixture() { ::close(peer_end); }

  void write(std::string_view bytes) const {
    REQUIRE(::send(peer_end, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  std::string read() const {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::recv(peer_end, buffer.data(), buffer.size(), 0);
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
  }
  /// Starts the session, and lets it do all that it can without waiting.
  void start(nsq::Nanoseconds magic_timeout = Session::kMagicTimeout) {
    tasks.spawn("session", session->run(magic_timeout));
    io.poll();
  }
  void step() {
    io.restart();
    io.poll();
  }
  /// Lets it run to its end.
  void finish() {
    nsq::test::run(io, tasks.wait());
    CHECK(tasks.running() == 0);
  }

  asio::io_context io;
  nsq::net::TaskGroup tasks{io.get_executor(), nsq::Logger()};
  std::array<char, 4096> scratch{};
  std::unique_ptr<Session> session;
  int peer_end = -1;
};

}  // namespace

TEST_CASE_METHOD(SessionFixture, "a session answers, and its peer leaves with it", "[session]") {
  start();
  write("  V1" + identify());
  step();
  CHECK(split_replies(read()) == Replies{"IDENTITY"});
  write("REGISTER t\nPING\n");
  step();
  CHECK(split_replies(read()) == Replies{"OK", "OK"});
  CHECK(registry.peers().size() == 1);
  ::shutdown(peer_end, SHUT_WR);
  finish();
  CHECK(registry.peers().empty());
  CHECK(sink->has("PROTOCOL(V1): [10.0.0.2:6] exiting ioloop"));
  CHECK(sink->has("client(10.0.0.2:6) - EOF"));
}

TEST_CASE_METHOD(SessionFixture, "a session without magic ends in time", "[session]") {
  write("  V");
  start(nsq::Milliseconds(1));
  finish();
  CHECK(sink->has("failed to read protocol version - i/o timeout"));
}

TEST_CASE_METHOD(SessionFixture, "after an error the peer is gone before it is told", "[session]") {
  write("  V1" + identify() + "nonsense\n");
  start();
  CHECK(registry.peers().empty());
  CHECK(split_replies(read()) == Replies{"IDENTITY", "E_INVALID invalid command nonsense"});
  ::shutdown(peer_end, SHUT_WR);
  finish();
  CHECK(sink->has("client(10.0.0.2:6) - E_INVALID invalid command nonsense"));
}

TEST_CASE_METHOD(SessionFixture, "a body cut short is answered", "[session]") {
  write("  V1IDENTIFY\n");
  ::shutdown(peer_end, SHUT_WR);
  start();
  finish();
  CHECK(split_replies(read()) == Replies{"E_BAD_BODY IDENTIFY failed to read body size"});
}

TEST_CASE_METHOD(SessionFixture, "a peer that does not read is not read either", "[session]") {
  std::string pings;
  for (int i = 0; i < 800; ++i) pings += "PING\n";
  write("  V1");
  start();
  // Its replies fill the socket; then it stops reading, and the test's side fills up too.
  int rounds = 0;
  for (; rounds < 10000; ++rounds) {
    if (::send(peer_end, pings.data(), pings.size(), MSG_NOSIGNAL) < 0) break;
    step();
  }
  CHECK(rounds < 10000);
  tasks.cancel();
  finish();
}

TEST_CASE_METHOD(SessionFixture, "a session that is cancelled leaves", "[session]") {
  write("  V1" + identify());
  start();
  REQUIRE(registry.peers().size() == 1);
  tasks.cancel();
  finish();
  CHECK(registry.peers().empty());
}
