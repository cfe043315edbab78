#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/wire/command.hpp"
#include "common/wire/protocol_error.hpp"

namespace nsq::wire {

// The sized bodies that follow a command line directly. Their sizes are signed 32-bit integers, so
// ff ff ff ff is -1. Source: spec/nsqd.md 1.2, 1.6, 1.7.

enum class BodyStatus : std::uint8_t {
  complete,
  need_more,  ///< call again with the same bytes and more; the fault is what to say if none come
  rejected,   ///< the fault says why; the connection is lost
};

/// What is wrong with a body, or would be if the stream ended here.
struct BodyFault {
  enum class Kind : std::uint8_t {
    none,
    size_missing,          ///< the body's size field is incomplete
    size_invalid,          ///< not above 0
    too_big,               ///< above the limit
    body_missing,          ///< the body is incomplete
    count_missing,         ///< MPUB: the message count is incomplete
    count_invalid,         ///< MPUB: the message count is out of range
    message_size_missing,  ///< MPUB: a message's size field is incomplete
    message_size_invalid,  ///< MPUB: a message's size is not above 0
    message_too_big,       ///< MPUB: a message's size is above the limit
    message_missing,       ///< MPUB: a message (or surplus declared bytes) is incomplete
  };
  Kind kind = Kind::none;
  std::int64_t value = 0;   ///< the offending number as it is to be printed
  std::int64_t limit = 0;   ///< the limit that it breaks
  std::uint32_t index = 0;  ///< MPUB: which message, from 0
};

/// The error frame for a fault, exactly as in spec/nsqd.md 1.6. `command` is one of identify, auth,
/// pub, dpub, mpub; the fault's kind is not `none`.
ProtocolError body_error(Command command, const BodyFault& fault);

/// A single sized body: [size i32][bytes].
struct SizedBody {
  BodyStatus status = BodyStatus::need_more;
  std::string_view body;     ///< complete: the bytes, pointing into the input
  std::size_t consumed = 0;  ///< complete: bytes of size field and body
  std::size_t needed = 0;    ///< need_more: bytes wanted in all, as far as known; never 0
  BodyFault fault;           ///< need_more, rejected
};

/// Reads the body of IDENTIFY, AUTH, PUB or DPUB from the bytes behind the command line.
/// @param max_size  largest accepted size in bytes (max-msg-size, max-body-size).
/// No state, no allocation, any thread.
SizedBody parse_sized_body(std::string_view bytes, std::int64_t max_size) noexcept;

struct MpubLimits {
  std::int64_t max_msg_size = 0;   ///< bytes
  std::int64_t max_body_size = 0;  ///< bytes
};

/// The messages of a complete MPUB body, as a range of string_view. Points into the body's bytes.
class MpubMessages {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;

    Iterator() = default;
    Iterator(const char* at, std::uint32_t left) noexcept : at_(at), left_(left) {}

    std::string_view operator*() const noexcept { return {at_ + 4, load_be32(at_)}; }
    Iterator& operator++() noexcept {
      at_ += 4 + std::size_t{load_be32(at_)};
      --left_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.left_ == b.left_;
    }

   private:
    const char* at_ = nullptr;
    std::uint32_t left_ = 0;
  };

  MpubMessages(const char* first, std::uint32_t count) noexcept : first_(first), count_(count) {}

  Iterator begin() const noexcept { return {first_, count_}; }
  Iterator end() const noexcept { return {first_, 0}; }
  std::uint32_t size() const noexcept { return count_; }

 private:
  const char* first_;
  std::uint32_t count_;
};

/// Reads an MPUB body, [body size i32][count i32] then count times [size i32][bytes], as it comes
/// in.
///
/// The parts lead, not the declared body size: it is range-checked only, parts may run past it (as
/// far as max_body_size, so that a batch stays bounded), and declared bytes behind the last part
/// belong to the body and are skipped. Each call continues where the last one stopped, so that a
/// large batch in many reads is walked once. Remembers offsets, no pointers: the bytes may move
/// between calls. Not thread-safe. Source: spec/nsqd.md 1.7, "MPUB".
class MpubParser {
 public:
  explicit MpubParser(MpubLimits limits) noexcept : limits_(limits) {}

  /// Looks at `bytes`, everything received behind the command line so far; each call must begin
  /// with the bytes of the last one. After `complete` or `rejected` the answer stays the same.
  BodyStatus advance(std::string_view bytes) noexcept;

  BodyStatus status() const noexcept { return status_; }
  /// need_more, rejected: for body_error(Command::mpub, …).
  const BodyFault& fault() const noexcept { return fault_; }
  /// need_more: bytes wanted in all, as far as known.
  std::size_t needed() const noexcept { return needed_; }

  // When complete:
  /// Bytes that belong to this body, surplus included.
  std::size_t consumed() const noexcept {
    return offset_ > declared_end_ ? offset_ : declared_end_;
  }
  std::uint32_t message_count() const noexcept { return count_; }
  /// Bytes of all messages, without their size fields.
  std::size_t message_bytes() const noexcept { return offset_ - 8 - std::size_t{count_} * 4; }
  /// The messages in `bytes`, which are those of the last call or a copy of them.
  MpubMessages messages(std::string_view bytes) const noexcept {
    return {bytes.data() + 8, count_};
  }

 private:
  BodyStatus read_size(std::string_view bytes) noexcept;
  BodyStatus read_count(std::string_view bytes) noexcept;
  BodyStatus read_messages(std::string_view bytes) noexcept;
  BodyStatus want(std::size_t end, BodyFault::Kind kind) noexcept;
  BodyStatus reject(const BodyFault& fault) noexcept;

  MpubLimits limits_;
  BodyStatus status_ = BodyStatus::need_more;
  BodyFault fault_;
  std::size_t needed_ = 4;
  std::size_t offset_ = 0;        // of the next field to read
  std::size_t declared_end_ = 0;  // of the body, by its size field
  std::uint32_t count_ = 0;
  std::uint32_t index_ = 0;  // of the next message
};

}  // namespace nsq::wire
