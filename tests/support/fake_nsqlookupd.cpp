#include "tests/support/fake_nsqlookupd.hpp"

#include <stdexcept>

#include "common/base/bytes.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {

std::string FakeLookupSession::read(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    const std::string more = socket_.receive();
    if (more.empty()) throw std::runtime_error("nsqd closed; unread: \"" + buffer_ + '"');
    buffer_ += more;
  }
  std::string front = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return front;
}

std::string FakeLookupSession::read_hello() {
  const std::string magic = read(4);
  if (magic != "  V1") throw std::runtime_error("the magic is \"" + magic + '"');
  const std::string command = read_command();
  if (command != "IDENTIFY") throw std::runtime_error("the first command is \"" + command + '"');
  return read(load_be32(read(4).data()));
}

std::string FakeLookupSession::read_command() {
  std::string line;
  for (;;) {
    const std::string next = read(1);
    if (next == "\n") return line;
    line += next;
  }
}

void FakeLookupSession::reply(std::string_view text) {
  send(be32(static_cast<std::uint32_t>(text.size())) + std::string(text));
}

void FakeLookupSession::reply_info(std::uint16_t http_port) {
  reply(R"({"broadcast_address":"127.0.0.1","hostname":"fake","http_port":)" +
        std::to_string(http_port) + R"(,"tcp_port":4160,"version":"1.3.0"})");
}

std::string FakeHttpSession::read_request() {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string more = socket_.receive();
    if (more.empty()) throw std::runtime_error("closed within a request: " + head);
    head += more;
  }
  return head;
}

void FakeHttpSession::reply(int status, std::string_view body) {
  socket_.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

}  // namespace nsq::test
