#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/byte_stream.hpp"

namespace nsq::fuzz {

/// A stream below a layer, without a socket: reads yield a text in pieces and then its end, writes
/// gather. Nobody may wait for it.
class MemoryStream final : public net::ByteStream {
 public:
  /// @param piece  so many bytes come at a time; more than 0.
  /// @param written  where writes go; may be null if there are none. Both outlive the stream.
  MemoryStream(std::string_view unread, std::size_t piece, std::string* written = nullptr)
      : unread_(unread), piece_(piece), written_(written) {}

  net::IoResult read_some(std::span<char> into) override {
    const std::size_t bytes = std::min({piece_, unread_.size(), into.size()});
    if (bytes == 0) return {.status = net::IoStatus::eof};
    std::memcpy(into.data(), unread_.data(), bytes);
    unread_.remove_prefix(bytes);
    return {.bytes = bytes};
  }
  net::IoResult write_some(std::span<const iovec> parts) override {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
      written_->append(static_cast<const char*>(part.iov_base), part.iov_len);
      bytes += part.iov_len;
    }
    return {.bytes = bytes};
  }

  boost::asio::awaitable<boost::system::error_code> wait_readable() override {
    co_return refused();
  }
  boost::asio::awaitable<boost::system::error_code> wait_writable() override {
    co_return refused();
  }
  void async_wait_writable(WaitHandler) override {}
  void cancel() noexcept override {}
  void shutdown_send() noexcept override {}
  void close() noexcept override {}
  int native_handle() noexcept override { return -1; }
  boost::asio::any_io_executor executor() override { return {}; }

 private:
  static boost::system::error_code refused() {
    return make_error_code(boost::system::errc::operation_not_supported);
  }

  std::string_view unread_;
  std::size_t piece_;
  std::string* written_;
};

}  // namespace nsq::fuzz
