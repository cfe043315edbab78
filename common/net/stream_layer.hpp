#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/byte_stream.hpp"

namespace nsq::net {

/// What TLS, snappy and deflate have in common: the stream below, and the encoded bytes that it has
/// not taken yet. Those are usually none, so an idle layer owns no buffer for them.
class StreamLayer : public ByteStream {
 public:
  bool has_pending() const noexcept override { return !pending_.empty() || below_->has_pending(); }
  IoResult flush() override;

  boost::asio::awaitable<boost::system::error_code> wait_readable() override;
  boost::asio::awaitable<boost::system::error_code> wait_writable() override {
    return below_->wait_writable();
  }
  void async_wait_writable(WaitHandler handler) override {
    below_->async_wait_writable(std::move(handler));
  }
  void cancel() noexcept override { below_->cancel(); }
  void shutdown_send() noexcept override { below_->shutdown_send(); }
  void close() noexcept override { below_->close(); }
  int native_handle() noexcept override { return below_->native_handle(); }
  boost::asio::any_io_executor executor() override { return below_->executor(); }
  const TlsPeer* tls_peer() const noexcept override { return below_->tls_peer(); }

 protected:
  explicit StreamLayer(std::unique_ptr<ByteStream> below) noexcept : below_(std::move(below)) {}

  ByteStream& below() noexcept { return *below_; }
  std::unique_ptr<ByteStream> take_below() noexcept { return std::move(below_); }

  /// Hands encoded bytes down, behind what is pending, and keeps what is not taken.
  /// @return ok, with or without something kept, or the error that the connection ended with.
  IoResult push(std::string_view encoded);

  /// Before more is encoded. @return ok when nothing is pending; else the caller has to wait.
  IoResult push_pending();

  /// Whether read_some() has something to say although the stream below may stay silent.
  bool holds_input_ = false;

 private:
  std::unique_ptr<ByteStream> below_;
  std::string pending_;
};

}  // namespace nsq::net
