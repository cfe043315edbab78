#include "tests/torture/link.hpp"

#include <stdexcept>

#include "common/base/bytes.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::torture {
namespace {

constexpr std::size_t kFrameHeader = 8;
constexpr std::size_t kMessageHeader = 26;

}  // namespace

Nanos now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<Link> Link::open(std::uint16_t port) {
  std::optional<Link> link;
  try {
    link = Link(test::Socket::tcp(port));
  } catch (const std::runtime_error&) {
    return std::nullopt;  // refused: that is how Socket says it
  }
  link->send("  V2");
  return link;
}

void Link::receive(std::chrono::milliseconds patience) {
  if (ended_ || !socket_.readable(patience)) return;
  const std::string more = socket_.receive();
  ended_ = more.empty();
  buffer_.erase(0, std::exchange(taken_, 0));
  buffer_ += more;
}

std::optional<test::Frame> Link::next() {
  for (;;) {
    const std::string_view rest = std::string_view(buffer_).substr(taken_);
    if (rest.size() < kFrameHeader) return std::nullopt;
    const std::size_t size = load_be32(rest.data());
    if (size < 4 || size > 16_MiB) throw std::runtime_error("a frame of an impossible size");
    if (rest.size() < 4 + size) return std::nullopt;
    taken_ += 4 + size;
    test::Frame frame{.type = load_be32(rest.data() + 4),
                      .data = std::string(rest.substr(kFrameHeader, size - 4))};
    if (frame != test::heartbeat()) return frame;
    send("NOP\n");
  }
}

std::optional<test::Frame> Link::await_next() {
  const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
  for (;;) {
    if (auto frame = next()) return frame;
    if (ended_) return std::nullopt;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no answer");
    receive(std::chrono::seconds(1));
  }
}

std::optional<test::Message> parse_message(const test::Frame& frame) {
  if (frame.data.size() < kMessageHeader) return std::nullopt;
  return test::Message{.timestamp = static_cast<std::int64_t>(load_be64(frame.data.data())),
                       .attempts = load_be16(frame.data.data() + 8),
                       .id = frame.data.substr(10, 16),
                       .body = frame.data.substr(kMessageHeader)};
}

}  // namespace nsq::torture
