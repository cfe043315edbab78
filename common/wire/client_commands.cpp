#include "common/wire/client_commands.hpp"

#include <fmt/format.h>

namespace nsq::wire {
namespace {

void append_size(std::string& out, std::size_t size) {
  char bytes[4];
  store_be32(bytes, static_cast<std::uint32_t>(size));
  out.append(bytes, sizeof bytes);
}

void append_sized(std::string& out, std::string_view body) {
  append_size(out, body.size());
  out += body;
}

void append_line(std::string& out, std::string_view name, std::string_view param) {
  out += name;
  out += ' ';
  out += param;
  out += '\n';
}

void append_number(std::string& out, std::uint64_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

template <class Body>
void append_batch(std::string& out, const TopicName& topic, std::span<const Body> bodies) {
  std::size_t size = 4;
  for (const Body& body : bodies) size += 4 + body.size();
  out.reserve(out.size() + 6 + topic.view().size() + 4 + size);
  append_line(out, "MPUB", topic.view());
  append_size(out, size);
  append_size(out, bodies.size());
  for (const Body& body : bodies) append_sized(out, body);
}

}  // namespace

void append_identify(std::string& out, std::string_view json) {
  out += "IDENTIFY\n";
  append_sized(out, json);
}

void append_auth(std::string& out, std::string_view secret) {
  out += "AUTH\n";
  append_sized(out, secret);
}

void append_sub(std::string& out, const TopicName& topic, const ChannelName& channel) {
  out += "SUB ";
  append_line(out, topic.view(), channel.view());
}

void append_pub(std::string& out, const TopicName& topic, std::string_view body) {
  append_line(out, "PUB", topic.view());
  append_sized(out, body);
}

void append_dpub(std::string& out, const TopicName& topic, std::uint64_t delay_ms,
                 std::string_view body) {
  out += "DPUB ";
  out += topic.view();
  out += ' ';
  append_number(out, delay_ms);
  out += '\n';
  append_sized(out, body);
}

void append_mpub(std::string& out, const TopicName& topic,
                 std::span<const std::string_view> bodies) {
  append_batch(out, topic, bodies);
}

void append_mpub(std::string& out, const TopicName& topic, std::span<const std::string> bodies) {
  append_batch(out, topic, bodies);
}

void append_rdy(std::string& out, std::uint64_t count) {
  out += "RDY ";
  append_number(out, count);
  out += '\n';
}

void append_fin(std::string& out, const MessageId& id) {
  append_line(out, "FIN", id.view());
}

void append_req(std::string& out, const MessageId& id, std::uint64_t delay_ms) {
  out += "REQ ";
  out += id.view();
  out += ' ';
  append_number(out, delay_ms);
  out += '\n';
}

void append_touch(std::string& out, const MessageId& id) {
  append_line(out, "TOUCH", id.view());
}

void append_nop(std::string& out) {
  out += "NOP\n";
}

void append_cls(std::string& out) {
  out += "CLS\n";
}

}  // namespace nsq::wire
