#include <zlib.h>

#include <catch2/catch.hpp>

#include "common/base/errc.hpp"
#include "common/net/crc32c.hpp"
#include "common/net/deflate_stream.hpp"
#include "common/net/snappy_stream.hpp"
#include "tests/unit/common/net/stream_pair.hpp"

namespace nsq::net {
namespace {

using Wrap = std::function<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>, std::string)>;

struct Codec {
  const char* name;
  Wrap wrap;
};

std::vector<Codec> codecs() {
  std::vector<Codec> all{{"snappy", [](auto below, std::string received) {
                            return make_snappy_stream(std::move(below), std::move(received));
                          }}};
  for (const int level : {1, 6, 9}) {
    all.push_back({"deflate", [level](auto below, std::string received) {
                     return make_deflate_stream(std::move(below), std::move(received), level);
                   }});
  }
  return all;
}

TEST_CASE("a compressed stream carries every size in any pieces", "[net][codec]") {
  for (const Codec& codec : codecs()) {
    StreamPair pair;
    const auto left = codec.wrap(std::move(pair.left), {});
    const auto right = codec.wrap(std::move(pair.right), {});
    INFO(codec.name);
    unsigned seed = 1;
    for (const std::size_t bytes :
         std::initializer_list<std::size_t>{1, 2, 100, 65535, 65536, 65537, 300'000, 2'000'000}) {
      const std::string data = half_random(bytes, ++seed);
      CHECK(StreamPair::carry(*left, *right, data, 1 << 20, 1 << 18) == data);
      CHECK(StreamPair::carry(*right, *left, data, 777, 1000) == data);
    }
    CHECK_FALSE(left->has_pending());
  }
}

TEST_CASE("a lone message can be read after one flush", "[net][codec]") {
  for (const Codec& codec : codecs()) {
    StreamPair pair;
    const auto left = codec.wrap(std::move(pair.left), {});
    const auto right = codec.wrap(std::move(pair.right), {});
    for (const std::string_view text : {"a", "OK", "and again"}) {
      CHECK(StreamPair::write(*left, text).status == IoStatus::ok);
      CHECK(StreamPair::read(*right) == text);
      CHECK(StreamPair::read(*right).empty());
      CHECK(StreamPair::last.status == IoStatus::would_block);
    }
  }
}

TEST_CASE("what was read before the layer is decoded at once", "[net][codec]") {
  for (const Codec& codec : codecs()) {
    StreamPair pair;
    const auto left = codec.wrap(std::move(pair.left), {});
    CHECK(StreamPair::write(*left, "early").status == IoStatus::ok);
    const std::string received = StreamPair::read(*pair.right);
    const auto right = codec.wrap(std::move(pair.right), received);
    CHECK_FALSE(test::run(pair.context, right->wait_readable()));
    CHECK(StreamPair::read(*right) == "early");
  }
}

TEST_CASE("a mangled stream is an error and nothing else", "[net][codec]") {
  for (const Codec& codec : codecs()) {
    StreamPair good;
    const auto left = codec.wrap(std::move(good.left), {});
    CHECK(StreamPair::write(*left, half_random(5000)).status == IoStatus::ok);
    const std::string encoded = StreamPair::read(*good.right);
    for (std::size_t at = 0; at < encoded.size(); at += 7) {
      StreamPair pair;
      std::string mangled = encoded;
      mangled[at] = static_cast<char>(mangled[at] ^ 0x55);
      const auto right = codec.wrap(std::move(pair.right), {});
      CHECK(StreamPair::write(*pair.left, mangled).status == IoStatus::ok);
      pair.left->close();
      int reads = 0;
      do {
        StreamPair::read(*right);
      } while (StreamPair::last.status == IoStatus::ok && ++reads < 100);
      CHECK(
          (StreamPair::last.status == IoStatus::error || StreamPair::last.status == IoStatus::eof));
    }
  }
}

TEST_CASE("the peer's snappy identifier comes first, may be repeated, and chunks may be skipped",
          "[net][codec]") {
  const std::string identifier("\xff\x06\x00\x00sNaPpY", 10);
  const std::string stored(
      "\x01\x05\x00\x00\x94\x6b\x74\x87"
      "a",
      9);
  const std::string skipped("\xfe\x03\x00\x00xyz", 7);
  const auto decode = [](const std::string& bytes) {
    StreamPair pair;
    const auto right = make_snappy_stream(std::move(pair.right), {});
    CHECK(StreamPair::write(*pair.left, bytes).status == IoStatus::ok);
    return StreamPair::read(*right);
  };
  StreamPair pair;
  const auto left = make_snappy_stream(std::move(pair.left), {});
  CHECK(StreamPair::write(*left, "a").status == IoStatus::ok);
  const std::string ours = StreamPair::read(*pair.right);
  REQUIRE(ours.size() == 19);
  CHECK(ours.substr(0, 10) == identifier);
  const std::string chunk = ours.substr(10);
  CHECK(chunk[0] == stored[0]);
  CHECK(decode(identifier + chunk + identifier + skipped + chunk) == "aa");
  CHECK(decode(chunk).empty());
  CHECK(StreamPair::last.error == Errc::bad_frame);
  CHECK(decode(identifier + std::string("\x02\x00\x00\x00", 4)).empty());  // not skippable
  CHECK(StreamPair::last.error == Errc::bad_frame);
}

TEST_CASE("a bomb gives no more at a time than was asked for", "[net][codec]") {
  StreamPair pair;
  const auto left = make_deflate_stream(std::move(pair.left), {}, 9);
  const auto right = make_deflate_stream(std::move(pair.right), {}, 9);
  const std::string zeros(32 << 20, '\0');
  std::size_t written = 0;
  while (written < zeros.size()) {
    const iovec part{const_cast<char*>(zeros.data()) + written, zeros.size() - written};
    const IoResult done = left->write_some({&part, 1});
    REQUIRE(done.status == IoStatus::ok);
    written += done.bytes;
  }
  CHECK(left->flush().status == IoStatus::ok);
  std::array<char, 4096> buffer{};
  std::size_t read = 0;
  while (read < zeros.size()) {
    const IoResult got = right->read_some(buffer);
    REQUIRE(got.status == IoStatus::ok);
    read += got.bytes;
  }
  CHECK(read == zeros.size());
}

TEST_CASE("the end of the peer's deflate stream is an end", "[net][codec]") {
  StreamPair pair;
  const auto right = make_deflate_stream(std::move(pair.right), {}, 6);
  z_stream state{};
  REQUIRE(deflateInit2(&state, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string bytes(100, '\0');
  std::string text = "bye";
  state.next_in = reinterpret_cast<Bytef*>(text.data());
  state.avail_in = 3;
  state.next_out = reinterpret_cast<Bytef*>(bytes.data());
  state.avail_out = 100;
  REQUIRE(deflate(&state, Z_FINISH) == Z_STREAM_END);
  bytes.resize(100 - state.avail_out);
  deflateEnd(&state);
  CHECK(StreamPair::write(*pair.left, bytes).status == IoStatus::ok);
  CHECK(StreamPair::read(*right) == "bye");
  CHECK_FALSE(test::run(pair.context, right->wait_readable()));
  CHECK(StreamPair::read(*right).empty());
  CHECK(StreamPair::last.status == IoStatus::eof);
}

TEST_CASE("our deflate stream is ended, not cut, by either way to close it", "[net][codec]") {
  StreamPair pair;
  const auto left = make_deflate_stream(std::move(pair.left), {}, 6);
  const auto right = make_deflate_stream(std::move(pair.right), {}, 6);
  CHECK(StreamPair::write(*left, "last").status == IoStatus::ok);
  SECTION("half") {
    left->shutdown_send();
  }
  SECTION("all") {
    left->close();
  }
  CHECK(StreamPair::write(*left, "more").status == IoStatus::error);
  std::string all = StreamPair::read(*right);
  while (StreamPair::last.status == IoStatus::ok) all += StreamPair::read(*right);
  CHECK(all == "last");
  CHECK(StreamPair::last.status == IoStatus::eof);
}

TEST_CASE("CRC-32C by instruction and by table agree with the standard's value", "[net][codec]") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c_by_table("123456789") == 0xe3069283);
  for (std::size_t bytes = 0; bytes < 70; ++bytes) {
    const std::string data = half_random(bytes);
    CHECK(crc32c(data) == crc32c_by_table(data));
  }
}

}  // namespace
}  // namespace nsq::net
