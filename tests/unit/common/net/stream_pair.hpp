#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/net/byte_stream.hpp"
#include "tests/support/run.hpp"

namespace nsq::net {

/// Two connected plain streams, and what layer tests do with streams.
struct StreamPair {
  StreamPair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    left = adopt(ends[0]);
    right = adopt(ends[1]);
  }

  std::unique_ptr<ByteStream> adopt(int fd) {
    return make_plain_stream(
        StreamSocket(context, boost::asio::generic::stream_protocol(AF_UNIX, 0), fd));
  }

  /// Writes all of `data` from `from` to `to`, in parts of `part_bytes`, reading `read_bytes` at a
  /// time. @return what arrived.
  static std::string carry(ByteStream& from, ByteStream& to, std::string data,
                           std::size_t part_bytes, std::size_t read_bytes) {
    std::string arrived;
    std::size_t written = 0;
    std::string buffer(read_bytes, '\0');
    for (;;) {
      std::vector<iovec> parts;
      for (std::size_t at = written; at < data.size() && parts.size() < 500; at += part_bytes) {
        parts.push_back({data.data() + at, std::min(part_bytes, data.size() - at)});
      }
      if (!parts.empty()) {
        const IoResult done = from.write_some(parts);
        REQUIRE(done.status != IoStatus::error);
        written += done.bytes;
      }
      REQUIRE(from.flush().status != IoStatus::error);
      for (;;) {
        const IoResult got = to.read_some(buffer);
        if (got.status == IoStatus::would_block) break;
        REQUIRE(got.status == IoStatus::ok);
        arrived.append(buffer, 0, got.bytes);
      }
      if (arrived.size() >= data.size()) return arrived;
    }
  }

  static std::string read(ByteStream& from) {
    std::array<char, 65536> buffer{};
    const IoResult got = from.read_some(buffer);
    last = got;
    return {buffer.data(), got.bytes};
  }

  static IoResult write(ByteStream& to, std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    const IoResult done = to.write_some({&part, 1});
    return done.status == IoStatus::ok ? to.flush() : done;
  }

  boost::asio::io_context context;
  std::unique_ptr<ByteStream> left, right;
  inline static IoResult last;  // of read()
};

/// `bytes` that a compressor can shorten by about a half.
inline std::string half_random(std::size_t bytes, unsigned seed = 1) {
  std::string text(bytes, 'x');
  for (std::size_t i = 0; i < bytes; i += 2) {
    seed = seed * 1664525 + 1013904223;
    text[i] = static_cast<char>(seed >> 24);
  }
  return text;
}

}  // namespace nsq::net
