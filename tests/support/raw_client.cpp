#include "tests/support/raw_client.hpp"

#include <ostream>
#include <stdexcept>
#include <utility>

#include "common/base/bytes.hpp"

namespace nsq::test {
namespace {

constexpr std::size_t kMessageHeaderBytes = 26;

// Enough of a frame to recognise it in a failed check, with control bytes made visible.
std::string printable(std::string_view data) {
  constexpr std::size_t kMost = 300;
  std::string out;
  for (const char c : data.substr(0, kMost)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto value = static_cast<unsigned char>(c);
      out += "\\x";
      out += kHex[value >> 4];
      out += kHex[value & 0xf];
    }
  }
  if (data.size() > kMost) out += "... (" + std::to_string(data.size()) + " bytes)";
  return out;
}

std::string with_body(std::string line, std::string_view body) {
  line += '\n';
  line += be32(static_cast<std::uint32_t>(body.size()));
  line += body;
  return line;
}

std::string words(std::string_view command, std::string_view first, std::string_view second) {
  std::string line(command);
  line.append(" ").append(first).append(" ").append(second);
  return line;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Frame& frame) {
  return out << "frame " << frame.type << " \"" << printable(frame.data) << '"';
}

Frame response(std::string_view data) {
  return {.type = 0, .data = std::string(data)};
}
Frame error(std::string_view data) {
  return {.type = 1, .data = std::string(data)};
}

std::string be32(std::uint32_t value) {
  std::string out(4, '\0');
  store_be32(out.data(), value);
  return out;
}

std::string pub(std::string_view topic, std::string_view body) {
  return with_body("PUB " + std::string(topic), body);
}

std::string dpub(std::string_view topic, std::string_view milliseconds, std::string_view body) {
  return with_body(words("DPUB", topic, milliseconds), body);
}

std::string mpub_body(const std::vector<std::string>& bodies) {
  std::string out = be32(static_cast<std::uint32_t>(bodies.size()));
  for (const auto& body : bodies) out += be32(static_cast<std::uint32_t>(body.size())) + body;
  return out;
}

std::string mpub(std::string_view topic, const std::vector<std::string>& bodies) {
  return with_body("MPUB " + std::string(topic), mpub_body(bodies));
}

std::string identify(std::string_view json) {
  return with_body("IDENTIFY", json);
}

std::string sub(std::string_view topic, std::string_view channel) {
  return words("SUB", topic, channel) + "\n";
}

std::string rdy(int count) {
  return "RDY " + std::to_string(count) + "\n";
}
std::string fin(std::string_view id) {
  return "FIN " + std::string(id) + "\n";
}
std::string touch(std::string_view id) {
  return "TOUCH " + std::string(id) + "\n";
}

std::string req(std::string_view id, std::string_view milliseconds) {
  return words("REQ", id, milliseconds) + "\n";
}

RawClient::RawClient(Socket socket, Magic magic) : socket_(std::move(socket)) {
  if (magic == Magic::send) socket_.send("  V2");
}

void RawClient::fill(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    const std::string more = socket_.receive();
    if (more.empty()) {
      throw std::runtime_error("the server closed; unread: \"" + printable(buffer_) + '"');
    }
    buffer_ += more;
  }
}

Frame RawClient::read() {
  fill(8);
  const std::size_t size = load_be32(buffer_.data());
  if (size < 4 || size > 64_MiB) {
    throw std::runtime_error("bad frame size " + std::to_string(size));
  }
  fill(4 + size);
  Frame frame{.type = load_be32(buffer_.data() + 4), .data = buffer_.substr(8, size - 4)};
  buffer_.erase(0, 4 + size);
  return frame;
}

Message RawClient::read_message() {
  const Frame frame = read();
  if (frame.type != 2 || frame.data.size() < kMessageHeaderBytes) {
    throw std::runtime_error("not a message: type " + std::to_string(frame.type) + " \"" +
                             printable(frame.data) + '"');
  }
  return {.timestamp = static_cast<std::int64_t>(load_be64(frame.data.data())),
          .attempts = load_be16(frame.data.data() + 8),
          .id = frame.data.substr(10, 16),
          .body = frame.data.substr(kMessageHeaderBytes)};
}

Frame RawClient::ask(std::string_view bytes) {
  send(bytes);
  return read();
}

std::string RawClient::read_to_end() {
  for (;;) {
    const std::string more = socket_.receive();
    if (more.empty()) return std::exchange(buffer_, {});
    buffer_ += more;
  }
}

bool RawClient::readable(std::chrono::milliseconds patience) {
  return !buffer_.empty() || socket_.readable(patience);
}

Frame RawClient::marker() {
  return ask(pub("marker#ephemeral", "m"));
}

}  // namespace nsq::test
