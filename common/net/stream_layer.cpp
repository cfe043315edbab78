#include "common/net/stream_layer.hpp"

namespace nsq::net {

namespace asio = boost::asio;

namespace {

asio::awaitable<boost::system::error_code> at_once() {
  co_return boost::system::error_code();
}

/// Writes what the stream takes and removes it from the front of `bytes`.
IoResult write_front(ByteStream& stream, std::string_view& bytes) {
  while (!bytes.empty()) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // iovec serves reads too
    const IoResult done = stream.write_some({&part, 1});
    if (done.status != IoStatus::ok) return done;
    bytes.remove_prefix(done.bytes);
  }
  return {};
}

}  // namespace

asio::awaitable<boost::system::error_code> StreamLayer::wait_readable() {
  return holds_input_ ? at_once() : below_->wait_readable();
}

IoResult StreamLayer::push(std::string_view encoded) {
  if (pending_.empty()) {
    const IoResult done = write_front(*below_, encoded);
    if (done.status == IoStatus::error) return done;
  }
  pending_.append(encoded);
  return {};
}

IoResult StreamLayer::push_pending() {
  std::string_view rest = pending_;
  const IoResult done = write_front(*below_, rest);
  if (rest.empty()) {
    std::string().swap(pending_);
  } else {
    pending_.erase(0, pending_.size() - rest.size());
  }
  return done;
}

IoResult StreamLayer::flush() {
  const IoResult done = push_pending();
  return done.status == IoStatus::ok ? below_->flush() : done;
}

}  // namespace nsq::net
