#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "clients/nsq/address.hpp"
#include "common/base/clock.hpp"
#include "common/wire/message.hpp"

namespace nsq::client {

namespace detail {
struct Origin;
struct MessageState;
}  // namespace detail

/// A message that a Consumer received, and the one answer it gets.
///
/// A handle: copies are cheap and mean the same message. Any thread may use it, also after the
/// connection or the Consumer is gone (an answer is then dropped, counted and reported to the
/// hook). A message whose last handle goes without an answer no longer counts as in flight here,
/// and comes again when the server's message timeout ends. Source: spec/client.md 9.
class Message {
 public:
  Message(std::shared_ptr<const detail::Origin> origin, const wire::MessageView& view);

  /// The 16 bytes that name it within its topic.
  const wire::MessageId& id() const noexcept;
  /// Valid as long as any handle.
  std::string_view body() const noexcept;
  /// When the server accepted the publish, by its clock.
  WallTime timestamp() const noexcept;
  /// 1 on the first delivery.
  std::uint16_t attempts() const noexcept;
  /// The nsqd that it came from.
  const Address& nsqd() const noexcept;
  /// How long the server waits for the answer, or for a touch().
  Nanoseconds timeout() const noexcept;
  /// How far touch() can put that off, from delivery.
  Nanoseconds max_timeout() const noexcept;

  // The answer. The first one counts; later calls do nothing. True: this call was the first.

  /// Done with it.
  bool finish() const;
  /// Wants it delivered again after `delay` (below 0 is 0; the server caps it, at 1 h by default).
  /// nullopt: `default_requeue_delay` times attempts, at most `max_requeue_delay`. Counts as a
  /// failure.
  bool requeue(std::optional<Nanoseconds> delay = std::nullopt) const;
  /// The same, but not a failure that should slow the Consumer down.
  bool requeue_without_backoff(std::optional<Nanoseconds> delay = std::nullopt) const;

  /// Restarts the message's timeout. Any number of times before the answer; true unless it was
  /// given.
  bool touch() const;

  bool has_responded() const noexcept;
  /// From now on the handler's result does not answer: somebody will call finish() or requeue().
  void disable_auto_response() const noexcept;
  bool auto_response() const noexcept;

 private:
  std::shared_ptr<detail::MessageState> state_;
};

namespace detail {

/// What a Message tells its Consumer.
struct Response {
  enum class Kind : std::uint8_t {
    finish,
    requeue,
    touch,
    abandon,  ///< the last handle went without an answer
  };
  Kind kind;
  bool failure = false;          ///< requeue: counts for backoff
  std::uint16_t attempts = 0;    ///< of the message
  std::uint64_t connection = 0;  ///< that it came from
  wire::MessageId id = {};
  std::optional<Nanoseconds> delay = std::nullopt;  ///< requeue: nullopt is automatic
};

/// Takes responses from any thread; outlives the Consumer that it belongs to.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void respond(const Response& response) = 0;
};

/// What the messages of one connection have in common.
struct Origin {
  Address address;
  std::uint64_t connection = 0;
  Nanoseconds msg_timeout{0};
  Nanoseconds max_msg_timeout{0};
  std::shared_ptr<ResponseSink> sink;
};

}  // namespace detail

}  // namespace nsq::client
