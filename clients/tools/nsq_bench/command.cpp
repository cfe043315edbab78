#include "clients/tools/nsq_bench/command.hpp"

#include <cstring>
#include <random>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/payload.hpp"
#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"

namespace nsq::bench {
namespace {

void append_be32(std::string& to, std::size_t value) {
  char bytes[4];
  store_be32(bytes, static_cast<std::uint32_t>(value));
  to.append(bytes, sizeof bytes);
}

void append_body(std::string& to, std::size_t size, std::mt19937_64& random) {
  NSQ_ASSERT(size >= kPayloadBytes);
  to.append(kPayloadBytes, '\0');
  for (std::size_t i = kPayloadBytes; i < size; ++i) to.push_back(static_cast<char>(random()));
}

// `head` up to the body's size, which is the same for PUB and DPUB.
Command with_one_body(std::string head, std::size_t body_bytes, std::size_t delay_at) {
  Command command{.bytes = std::move(head), .delay_at = delay_at};
  append_be32(command.bytes, body_bytes);
  command.first_body = command.bytes.size();
  std::mt19937_64 random(body_bytes);
  append_body(command.bytes, body_bytes, random);
  return command;
}

}  // namespace

Command make_pub(std::string_view topic, std::size_t body_bytes) {
  return with_one_body(fmt::format("PUB {}\n", topic), body_bytes, 0);
}

Command make_dpub(std::string_view topic, std::size_t body_bytes) {
  std::string head = fmt::format("DPUB {} ", topic);
  const std::size_t delay_at = head.size();
  head.append(kDelayDigits, '0');
  head.push_back('\n');
  return with_one_body(std::move(head), body_bytes, delay_at);
}

Command make_mpub(std::string_view topic, std::size_t messages, std::size_t body_bytes) {
  NSQ_ASSERT(messages > 0);
  Command command{.bytes = fmt::format("MPUB {}\n", topic),
                  .body_stride = 4 + body_bytes,
                  .messages = messages};
  append_be32(command.bytes, 4 + messages * (4 + body_bytes));
  append_be32(command.bytes, messages);
  command.first_body = command.bytes.size() + 4;
  std::mt19937_64 random(body_bytes);
  for (std::size_t i = 0; i < messages; ++i) {
    append_be32(command.bytes, body_bytes);
    append_body(command.bytes, body_bytes, random);
  }
  return command;
}

Command make_http_pub(std::string_view host, std::string_view topic, std::size_t body_bytes) {
  std::string escaped;
  for (const char c : topic) escaped += c == '#' ? "%23" : std::string(1, c);
  Command command{
      .bytes = fmt::format("POST /pub?topic={} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
                           escaped, host, body_bytes)};
  command.first_body = command.bytes.size();
  std::mt19937_64 random(body_bytes);
  append_body(command.bytes, body_bytes, random);
  return command;
}

CommandRing::CommandRing(const Command& command, std::size_t slots)
    : slots_(slots),
      command_bytes_(command.bytes.size()),
      first_body_(command.first_body),
      body_stride_(command.body_stride),
      messages_(command.messages),
      delay_at_(command.delay_at),
      block_(slots * command.bytes.size()) {
  for (std::size_t i = 0; i < slots; ++i) {
    std::memcpy(block_.data() + i * command_bytes_, command.bytes.data(), command_bytes_);
  }
}

void CommandRing::fill(std::size_t slot, std::uint64_t identity, std::int64_t time) noexcept {
  char* body = block_.data() + slot * command_bytes_ + first_body_;
  for (std::size_t i = 0; i < messages_; ++i) {
    store_payload(body + i * body_stride_, identity + i, time);
  }
}

void CommandRing::set_delay(std::size_t slot, std::uint64_t milliseconds) noexcept {
  NSQ_ASSERT(delay_at_ != 0);
  char* digit = block_.data() + slot * command_bytes_ + delay_at_ + kDelayDigits;
  for (std::size_t i = 0; i < kDelayDigits; ++i) {
    *--digit = static_cast<char>('0' + milliseconds % 10);
    milliseconds /= 10;
  }
}

}  // namespace nsq::bench
