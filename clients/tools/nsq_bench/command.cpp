#include "clients/tools/nsq_bench/command.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/payload.hpp"
#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"
#include "common/net/percent_encode.hpp"

namespace nsq::bench {
namespace {

void append_be32(std::string& to, std::size_t value) {
  char bytes[4];
  store_be32(bytes, static_cast<std::uint32_t>(value));
  to.append(bytes, sizeof bytes);
}

constexpr std::size_t kVocabulary = 2000;
constexpr std::size_t kTextBytes = 1_MiB;

/// Text from which bodies of words are cut: longer than any compressor's window.
const std::string& word_text() {
  static const std::string kText = [] {
    std::mt19937_64 random(1);
    std::vector<std::string> words;
    for (std::size_t i = 0; i < kVocabulary; ++i) {
      std::string& word = words.emplace_back(2 + random() % 9, ' ');
      for (char& letter : word) letter = static_cast<char>('a' + random() % 26);
    }
    std::string text;
    while (text.size() < kTextBytes) text.append(words[random() % words.size()]).append(" ");
    return text;
  }();
  return kText;
}

void append_body(Command& command, std::mt19937_64& random) {
  NSQ_ASSERT(command.body_bytes >= kPayloadBytes);
  command.bytes.append(kPayloadBytes, '\0');
  for (std::size_t i = kPayloadBytes; i < command.body_bytes; ++i) {
    command.bytes.push_back(static_cast<char>(random()));
  }
}

Command begin_command(std::string head, std::size_t body_bytes, Filling filling) {
  return {.bytes = std::move(head), .body_bytes = body_bytes, .filling = filling};
}

void append_only_body(Command& command) {
  command.first_body = command.bytes.size();
  std::mt19937_64 random(command.body_bytes);
  append_body(command, random);
}

}  // namespace

Command make_pub(std::string_view topic, std::size_t body_bytes, Filling filling) {
  Command command = begin_command(fmt::format("PUB {}\n", topic), body_bytes, filling);
  append_be32(command.bytes, body_bytes);
  append_only_body(command);
  return command;
}

Command make_dpub(std::string_view topic, std::size_t body_bytes, Filling filling) {
  Command command = begin_command(fmt::format("DPUB {} ", topic), body_bytes, filling);
  command.delay_at = command.bytes.size();
  command.bytes.append(kDelayDigits, '0').append("\n");
  append_be32(command.bytes, body_bytes);
  append_only_body(command);
  return command;
}

Command make_mpub(std::string_view topic, std::size_t messages, std::size_t body_bytes,
                  Filling filling) {
  NSQ_ASSERT(messages > 0);
  Command command = begin_command(fmt::format("MPUB {}\n", topic), body_bytes, filling);
  command.body_stride = 4 + body_bytes;
  command.messages = messages;
  append_be32(command.bytes, 4 + messages * (4 + body_bytes));
  append_be32(command.bytes, messages);
  command.first_body = command.bytes.size() + 4;
  std::mt19937_64 random(body_bytes);
  for (std::size_t i = 0; i < messages; ++i) {
    append_be32(command.bytes, body_bytes);
    append_body(command, random);
  }
  return command;
}

Command make_http_pub(std::string_view headers, std::string_view topic, std::size_t body_bytes,
                      Filling filling) {
  Command command =
      begin_command(fmt::format("POST /pub?topic={} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n",
                                net::percent_encode(topic), headers, body_bytes),
                    body_bytes, filling);
  append_only_body(command);
  return command;
}

CommandRing::CommandRing(const Command& command, std::size_t slots)
    : slots_(slots),
      command_bytes_(command.bytes.size()),
      first_body_(command.first_body),
      body_stride_(command.body_stride),
      messages_(command.messages),
      delay_at_(command.delay_at),
      word_bytes_(command.filling == Filling::words ? command.body_bytes - kPayloadBytes : 0),
      block_(slots * command.bytes.size()) {
  for (std::size_t i = 0; i < slots; ++i) {
    std::memcpy(block_.data() + i * command_bytes_, command.bytes.data(), command_bytes_);
  }
}

void CommandRing::fill(std::size_t slot, std::uint64_t identity, std::int64_t time) noexcept {
  char* body = block_.data() + slot * command_bytes_ + first_body_;
  for (std::size_t i = 0; i < messages_; ++i) {
    store_payload(body + i * body_stride_, identity + i, time);
    if (word_bytes_ > 0) write_words(body + i * body_stride_ + kPayloadBytes, word_bytes_);
  }
}

void CommandRing::write_words(char* to, std::size_t bytes) noexcept {
  const std::string& text = word_text();
  while (bytes > 0) {
    const std::size_t some = std::min(bytes, text.size() / 2);
    std::memcpy(to, text.data() + random_() % (text.size() - some), some);
    to += some;
    bytes -= some;
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
