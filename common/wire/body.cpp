#include "common/wire/body.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace nsq::wire {
namespace {

using Kind = BodyFault::Kind;

std::int32_t load_size(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::int32_t>(load_be32(bytes.data() + at));
}

// PUB and DPUB speak of a "message", the others of a "body" (spec/nsqd.md 1.6).
ProtocolError single_body_error(Command command, const BodyFault& fault) {
  const std::string_view name = to_string(command);
  const bool message = command == Command::pub || command == Command::dpub;
  const std::string_view body = message ? "message body" : "body";
  const auto told = [message](std::string text) {
    return message ? bad_message(std::move(text)) : bad_body(std::move(text));
  };
  switch (fault.kind) {
    case Kind::size_missing:
      return told(fmt::format("{} failed to read {} size", name, body));
    case Kind::size_invalid:
      return told(fmt::format("{} invalid {} size {}", name, body, fault.value));
    case Kind::too_big:
      return told(fmt::format("{} {} too big {} > {}", name, message ? "message" : "body",
                              fault.value, fault.limit));
    default:
      return told(fmt::format("{} failed to read {}", name, body));
  }
}

}  // namespace

ProtocolError body_error(Command command, const BodyFault& fault) {
  switch (fault.kind) {
    case Kind::count_missing:
      return bad_body("MPUB failed to read message count");
    case Kind::count_invalid:
      return bad_body(fmt::format("MPUB invalid message count {}", fault.value));
    case Kind::message_size_missing:
      return bad_message(fmt::format("MPUB failed to read message({}) body size", fault.index));
    case Kind::message_size_invalid:
      return bad_message(
          fmt::format("MPUB invalid message({}) body size {}", fault.index, fault.value));
    case Kind::message_too_big:
      return bad_message(fmt::format("MPUB message too big {} > {}", fault.value, fault.limit));
    case Kind::message_missing:
      return bad_message("MPUB failed to read message body");
    case Kind::none:
    case Kind::size_missing:
    case Kind::size_invalid:
    case Kind::too_big:
    case Kind::body_missing:
      break;
  }
  return single_body_error(command, fault);
}

SizedBody parse_sized_body(std::string_view bytes, std::int64_t max_size) noexcept {
  SizedBody result;
  if (bytes.size() < 4) {
    result.needed = 4;
    result.fault.kind = Kind::size_missing;
    return result;
  }
  const std::int32_t size = load_size(bytes, 0);
  if (size <= 0 || size > max_size) {
    result.status = BodyStatus::rejected;
    result.fault = {
        .kind = size <= 0 ? Kind::size_invalid : Kind::too_big, .value = size, .limit = max_size};
    return result;
  }
  const std::size_t end = 4 + static_cast<std::size_t>(size);
  if (bytes.size() < end) {
    result.needed = end;
    result.fault.kind = Kind::body_missing;
    return result;
  }
  result.status = BodyStatus::complete;
  result.body = bytes.substr(4, end - 4);
  result.consumed = end;
  return result;
}

BodyStatus MpubParser::advance(std::string_view bytes) noexcept {
  if (status_ != BodyStatus::need_more) return status_;
  // The offset says which field comes next: the body size is at 0, the count at 4.
  if (offset_ == 0) status_ = read_size(bytes);
  if (offset_ == 4) status_ = read_count(bytes);
  if (offset_ >= 8) status_ = read_messages(bytes);
  if (status_ == BodyStatus::complete) fault_ = {};
  return status_;
}

BodyStatus MpubParser::read_size(std::string_view bytes) noexcept {
  if (bytes.size() < 4) return want(4, Kind::size_missing);
  const std::int32_t size = load_size(bytes, 0);
  if (size <= 0) return reject({.kind = Kind::size_invalid, .value = size});
  if (size > limits_.max_body_size) {
    return reject({.kind = Kind::too_big, .value = size, .limit = limits_.max_body_size});
  }
  declared_end_ = 4 + static_cast<std::size_t>(size);
  offset_ = 4;
  return BodyStatus::need_more;
}

BodyStatus MpubParser::read_count(std::string_view bytes) noexcept {
  if (bytes.size() < 8) return want(8, Kind::count_missing);
  const std::int32_t count = load_size(bytes, 4);
  // A message takes at least five bytes, four of the body are the count.
  if (count <= 0 || count > (limits_.max_body_size - 4) / 5) {
    return reject({.kind = Kind::count_invalid, .value = count});
  }
  count_ = static_cast<std::uint32_t>(count);
  offset_ = 8;
  return BodyStatus::need_more;
}

BodyStatus MpubParser::read_messages(std::string_view bytes) noexcept {
  for (; index_ < count_; ++index_) {
    if (bytes.size() - offset_ < 4) return want(offset_ + 4, Kind::message_size_missing);
    const std::int32_t size = load_size(bytes, offset_);
    if (size <= 0) {
      return reject({.kind = Kind::message_size_invalid, .value = size, .index = index_});
    }
    if (size > limits_.max_msg_size) {
      return reject({.kind = Kind::message_too_big,
                     .value = size,
                     .limit = limits_.max_msg_size,
                     .index = index_});
    }
    const std::size_t end = offset_ + 4 + static_cast<std::size_t>(size);
    const auto so_far = static_cast<std::int64_t>(end - 4);
    if (so_far > limits_.max_body_size) {
      return reject({.kind = Kind::too_big, .value = so_far, .limit = limits_.max_body_size});
    }
    if (bytes.size() < end) return want(end, Kind::message_missing);
    offset_ = end;
  }
  if (bytes.size() < declared_end_) return want(declared_end_, Kind::message_missing);
  return BodyStatus::complete;
}

BodyStatus MpubParser::want(std::size_t end, BodyFault::Kind kind) noexcept {
  needed_ = std::max(end, declared_end_);
  fault_ = {.kind = kind, .index = index_};
  return BodyStatus::need_more;
}

BodyStatus MpubParser::reject(const BodyFault& fault) noexcept {
  fault_ = fault;
  return BodyStatus::rejected;
}

}  // namespace nsq::wire
