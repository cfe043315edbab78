#include "common/base/bytes.hpp"

#include <array>
#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

using namespace nsq;

TEST_CASE("integers are stored with the most significant byte first", "[base][bytes]") {
  std::string bytes(8, '\0');
  store_be64(bytes.data(), 0x0102030405060708);
  CHECK(bytes == "\x01\x02\x03\x04\x05\x06\x07\x08");
  CHECK(load_be64(bytes.data()) == 0x0102030405060708);
  CHECK(load_be32(bytes.data()) == 0x01020304);
  CHECK(load_be16(bytes.data()) == 0x0102);
  store_be16(bytes.data(), 0xfffe);
  CHECK(bytes.substr(0, 3) == "\xff\xfe\x03");
}

TEST_CASE("loads and stores take any alignment and keep to their bytes", "[base][bytes]") {
  rc::prop("load ∘ store = id", [](std::uint32_t value) {
    const auto at = *rc::gen::inRange<std::size_t>(0, 8);
    std::array<char, 16> block{};
    block.fill('x');
    store_be32(block.data() + at, value);
    RC_ASSERT(load_be32(block.data() + at) == value);
    for (std::size_t i = 0; i < block.size(); ++i) {
      RC_ASSERT((i >= at && i < at + 4) || block[i] == 'x');
    }
  });
}

TEST_CASE("signed integers keep their sign", "[base][bytes]") {
  std::array<char, 8> block{};
  store_be<std::int64_t>(block.data(), -2);
  CHECK(load_be<std::int64_t>(block.data()) == -2);
  CHECK(block[0] == '\xff');
  CHECK(block[7] == '\xfe');
}

TEST_CASE("sizes are written with their unit", "[base][bytes]") {
  CHECK(64_KiB == 65536);
  CHECK(5_MiB == 5242880);
}
