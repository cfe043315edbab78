#include "clients/nsq/message.hpp"

#include <atomic>
#include <string>

namespace nsq::client {

namespace detail {

struct MessageState {
  MessageState(std::shared_ptr<const Origin> from, const wire::MessageView& view)
      : origin(std::move(from)),
        id(view.id),
        timestamp_ns(view.timestamp_ns),
        attempts(view.attempts),
        body(view.body) {}
  MessageState(const MessageState&) = delete;
  MessageState& operator=(const MessageState&) = delete;
  ~MessageState() {
    if (!responded.load(std::memory_order_acquire)) send({.kind = Response::Kind::abandon});
  }

  /// Completes and passes on a response.
  void send(Response response) const {
    response.attempts = attempts;
    response.connection = origin->connection;
    response.id = id;
    origin->sink->respond(response);
  }

  /// The first to ask may answer.
  bool claim() noexcept { return !responded.exchange(true, std::memory_order_acq_rel); }

  std::shared_ptr<const Origin> origin;
  wire::MessageId id;
  std::int64_t timestamp_ns;
  std::uint16_t attempts;
  std::atomic<bool> responded = false;
  std::atomic<bool> auto_response = true;
  std::string body;
};

}  // namespace detail

using detail::Response;

Message::Message(std::shared_ptr<const detail::Origin> origin, const wire::MessageView& view)
    : state_(std::make_shared<detail::MessageState>(std::move(origin), view)) {}

const wire::MessageId& Message::id() const noexcept {
  return state_->id;
}
std::string_view Message::body() const noexcept {
  return state_->body;
}
WallTime Message::timestamp() const noexcept {
  return WallTime(Nanoseconds(state_->timestamp_ns));
}
std::uint16_t Message::attempts() const noexcept {
  return state_->attempts;
}
const Address& Message::nsqd() const noexcept {
  return state_->origin->address;
}
Nanoseconds Message::timeout() const noexcept {
  return state_->origin->msg_timeout;
}
Nanoseconds Message::max_timeout() const noexcept {
  return state_->origin->max_msg_timeout;
}

bool Message::finish() const {
  if (!state_->claim()) return false;
  state_->send({.kind = Response::Kind::finish});
  return true;
}

bool Message::requeue(std::optional<Nanoseconds> delay) const {
  if (!state_->claim()) return false;
  state_->send({.kind = Response::Kind::requeue, .failure = true, .delay = delay});
  return true;
}

bool Message::requeue_without_backoff(std::optional<Nanoseconds> delay) const {
  if (!state_->claim()) return false;
  state_->send({.kind = Response::Kind::requeue, .failure = false, .delay = delay});
  return true;
}

bool Message::touch() const {
  if (has_responded()) return false;
  state_->send({.kind = Response::Kind::touch});
  return true;
}

bool Message::has_responded() const noexcept {
  return state_->responded.load(std::memory_order_acquire);
}

void Message::disable_auto_response() const noexcept {
  state_->auto_response.store(false, std::memory_order_release);
}

bool Message::auto_response() const noexcept {
  return state_->auto_response.load(std::memory_order_acquire);
}

}  // namespace nsq::client
