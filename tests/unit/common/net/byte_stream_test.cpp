#include "common/net/byte_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/support/run.hpp"

namespace nsq::net {
namespace {

namespace asio = boost::asio;

struct Fixture {
  Fixture() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    left = make_plain_stream(adopt(ends[0]));
    right = make_plain_stream(adopt(ends[1]));
  }

  StreamSocket adopt(int fd) { return {context, asio::generic::stream_protocol(AF_UNIX, 0), fd}; }

  /// Writes until the socket takes no more.
  std::size_t fill(ByteStream& stream) const {
    std::string block(64 << 10, 'x');
    const iovec part{block.data(), block.size()};
    std::size_t total = 0;
    for (;;) {
      const IoResult done = stream.write_some({&part, 1});
      if (done.status == IoStatus::would_block) return total;
      REQUIRE(done.status == IoStatus::ok);
      total += done.bytes;
    }
  }

  asio::io_context context;
  std::unique_ptr<ByteStream> left, right;
  std::array<char, 4096> buffer{};
};

TEST_CASE_METHOD(Fixture, "parts are gathered into one write", "[net][stream]") {
  std::string a = "hello ";
  std::string b = "world";
  const std::array<iovec, 2> parts{{{a.data(), a.size()}, {b.data(), b.size()}}};
  CHECK(left->write_some(parts).bytes == 11);
  const IoResult got = right->read_some(buffer);
  CHECK(got.status == IoStatus::ok);
  CHECK(std::string_view(buffer.data(), got.bytes) == "hello world");
}

TEST_CASE_METHOD(Fixture, "more parts than the system takes are written from the front",
                 "[net][stream]") {
  std::string byte = "x";
  const std::vector<iovec> parts(5000, iovec{byte.data(), 1});
  CHECK(left->write_some(parts).bytes == 1024);
}

TEST_CASE_METHOD(Fixture, "writing nothing is fine", "[net][stream]") {
  const IoResult done = left->write_some({});
  CHECK(done.status == IoStatus::ok);
  CHECK(done.bytes == 0);
  CHECK_FALSE(left->has_pending());
  CHECK(left->flush().status == IoStatus::ok);
}

TEST_CASE_METHOD(Fixture, "an empty socket would block, an ended one is at its end",
                 "[net][stream]") {
  CHECK(right->read_some(buffer).status == IoStatus::would_block);
  left->shutdown_send();
  const auto ec = test::run(context, right->wait_readable());
  CHECK_FALSE(ec);
  CHECK(right->read_some(buffer).status == IoStatus::eof);
  CHECK(right->read_some(buffer).status == IoStatus::eof);
}

TEST_CASE_METHOD(Fixture, "a full socket would block until the peer reads", "[net][stream]") {
  std::size_t sent = fill(*left);
  bool called = false;
  left->async_wait_writable([&](boost::system::error_code ec) {
    CHECK_FALSE(ec);
    called = true;
  });
  context.poll();
  CHECK_FALSE(called);
  while (sent > 0) sent -= right->read_some(buffer).bytes;
  const auto ec = test::run(context, left->wait_writable());
  CHECK_FALSE(ec);
  context.restart();
  context.poll();
  CHECK(called);
}

TEST_CASE_METHOD(Fixture, "writing to a closed peer is an error, not a signal", "[net][stream]") {
  right->close();
  std::string byte = "x";
  const iovec part{byte.data(), 1};
  const IoResult done = left->write_some({&part, 1});
  CHECK(done.status == IoStatus::error);
  CHECK(done.error == asio::error::broken_pipe);
}

TEST_CASE_METHOD(Fixture, "cancel and close end the waits", "[net][stream]") {
  const bool by_close = GENERATE(false, true);
  boost::system::error_code ended;
  fill(*left);
  left->async_wait_writable([&](boost::system::error_code ec) { ended = ec; });
  context.poll();
  if (by_close) {
    left->close();
    CHECK(left->native_handle() == -1);
    CHECK(left->read_some(buffer).status == IoStatus::error);
    left->close();
  } else {
    left->cancel();
  }
  context.restart();
  context.run();
  CHECK(ended == asio::error::operation_aborted);
}

}  // namespace
}  // namespace nsq::net
