#include "clients/tools/nsq_bench/frames.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "clients/tools/nsq_bench/fin_batch.hpp"

using namespace nsq::bench;

namespace {

using Frames = std::vector<std::pair<std::uint32_t, std::string>>;

std::string frame(std::uint32_t type, std::string_view data) {
  std::string bytes(8, '\0');
  nsq::store_be32(bytes.data(), static_cast<std::uint32_t>(data.size() + 4));
  nsq::store_be32(bytes.data() + 4, type);
  return bytes.append(data);
}

ScanResult collect(std::string_view in, Frames& frames) {
  return scan_frames(
      in, [&](std::uint32_t type, std::string_view data) { frames.emplace_back(type, data); });
}

const std::string kMessage = std::string(10, '\1') + "0123456789abcdef" + "body";

}  // namespace

TEST_CASE("a stream cut at any byte gives the same frames", "[nsq_bench][frames]") {
  const std::string stream = frame(0, "OK") + frame(2, kMessage) + frame(0, "_heartbeat_") +
                             frame(1, "E_INVALID x") + frame(0, "");
  const Frames expected = {
      {0, "OK"}, {2, kMessage}, {0, "_heartbeat_"}, {1, "E_INVALID x"}, {0, ""}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    Frames frames;
    // Blocks of exactly these sizes, so that the sanitizer sees a read past the end.
    const std::vector<char> head(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(cut));
    const ScanResult first = collect({head.data(), head.size()}, frames);
    REQUIRE_FALSE(first.bad);
    REQUIRE(first.consumed <= cut);
    std::vector<char> tail(stream.begin() + static_cast<std::ptrdiff_t>(first.consumed),
                           stream.end());
    const ScanResult second = collect({tail.data(), tail.size()}, frames);
    CHECK_FALSE(second.bad);
    CHECK(second.consumed == tail.size());
    CHECK(frames == expected);
  }
}

TEST_CASE("what cannot be a frame is bad, after the frames before it", "[nsq_bench][frames]") {
  std::string wrong = frame(0, "OK");
  SECTION("a size without room for the type") {
    nsq::store_be32(wrong.data(), 3);
  }
  SECTION("an enormous size") {
    nsq::store_be32(wrong.data(), 0xffffffff);
  }
  SECTION("an unknown type") {
    nsq::store_be32(wrong.data() + 4, 3);
  }
  SECTION("a message without an id") {
    wrong = frame(2, kMessage.substr(0, 25));
  }
  Frames frames;
  const ScanResult result = collect(frame(0, "OK") + wrong, frames);
  CHECK(result.bad);
  CHECK(result.consumed == 10);
  CHECK(frames.size() == 1);
}

TEST_CASE("FINs are gathered as commands, and again after clear", "[nsq_bench][fin]") {
  FinBatch fins;
  CHECK(fins.empty());
  fins.add("aaaaaaaaaaaaaaaa");
  fins.add("bbbbbbbbbbbbbbbb");
  CHECK(fins.commands() == "FIN aaaaaaaaaaaaaaaa\nFIN bbbbbbbbbbbbbbbb\n");
  fins.clear();
  CHECK(fins.commands().empty());
  fins.add("cccccccccccccccc");
  CHECK(fins.commands() == "FIN cccccccccccccccc\n");
}

TEST_CASE("more FINs than there was room for are kept", "[nsq_bench][fin]") {
  FinBatch fins;
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = std::to_string(1'000'000'000'000'000 + i);
    fins.add(id.data());
    expected += "FIN " + id + "\n";
  }
  CHECK(fins.commands() == expected);
}
