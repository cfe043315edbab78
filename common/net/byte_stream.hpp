#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

namespace nsq::net {

/// A connected TCP or unix socket.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

enum class IoStatus {
  ok,           ///< `bytes` > 0 were moved (or there was nothing to do)
  would_block,  ///< nothing can be moved now: wait, then try again
  eof,          ///< the peer ended its side: nothing more will come (reads only)
  error,        ///< the connection is lost; `error` says why
};

struct IoResult {
  std::size_t bytes = 0;
  IoStatus status = IoStatus::ok;
  boost::system::error_code error{};  ///< set when status is error
};

/// What a TLS connection agreed on, and who the peer is.
struct TlsPeer {
  std::string version;       ///< "TLS1.3"
  std::string cipher_suite;  ///< by its IANA name if upstream has one for it, else "Unknown 4865"
  std::string common_name;   ///< of the peer's certificate, verified or not; empty without one
};

/// A connection, read and written without ever blocking. It has no buffer of its own: an idle
/// connection costs its socket and nothing else; callers bring the memory, typically scratch that
/// all connections of a thread share.
///
/// Threads: belongs to one thread, the one that runs executor(), for life.
///
/// Layers. TLS, snappy and deflate are ByteStreams that own the ByteStream below them:
/// - read_some() pulls from below and yields decoded bytes. Decoded bytes may stay in the layer, so
///   its wait_readable() returns at once while it holds some.
/// - write_some() encodes all it accepted; what the stream below did not take stays pending in the
///   layer (has_pending()), and the next write_some() answers would_block until flush() got it
///   down. A caller that has nothing more to write calls flush() until has_pending() is false;
///   a compressor ends its block in flush(), so one flush after each batch, not after each write.
/// - the waits translate: a TLS read that must write first makes wait_readable() wait for the
///   socket to be writable.
/// - the bytes that were read past the command that switched the layer on are given to the layer's
///   constructor.
class ByteStream {
 public:
  /// Called once on executor()'s thread, never inside the call that took it.
  using WaitHandler = std::move_only_function<void(boost::system::error_code)>;

  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Reads what is there, up to the size of `into` (not empty): one system call.
  virtual IoResult read_some(std::span<char> into) = 0;

  /// Writes the front of `parts` in one gathering system call (at most IOV_MAX parts are looked
  /// at). `bytes` may end inside a part. A closed peer is an error, never a signal.
  virtual IoResult write_some(std::span<const iovec> parts) = 0;

  /// Whether a layer holds bytes that the socket has not taken yet. Never for a plain stream.
  virtual bool has_pending() const noexcept { return false; }

  /// Moves pending bytes on. @return ok when nothing is pending any more, would_block, or error.
  virtual IoResult flush() { return {}; }

  /// Waits until read_some() has something to say (bytes, eof or an error). A false alarm is
  /// possible. @return no error, or operation_aborted after close() or cancel().
  virtual boost::asio::awaitable<boost::system::error_code> wait_readable() = 0;

  /// Waits until write_some() or flush() can go on. Results as above. At most one wait a direction
  /// at a time.
  virtual boost::asio::awaitable<boost::system::error_code> wait_writable() = 0;

  /// wait_writable() without a coroutine. The handler must keep alive what it needs.
  virtual void async_wait_writable(WaitHandler handler) = 0;

  /// Ends both kinds of waits with operation_aborted.
  virtual void cancel() noexcept = 0;

  /// Tells the peer that nothing more comes; reading goes on. A layer flushes its own end mark if
  /// it can without waiting.
  virtual void shutdown_send() noexcept = 0;

  /// Closes the socket and ends all waits. May be repeated; afterwards reads and writes are errors.
  virtual void close() noexcept = 0;

  /// The socket's descriptor, for options and logs; -1 when closed.
  virtual int native_handle() noexcept = 0;

  virtual boost::asio::any_io_executor executor() = 0;

  /// Of an established TLS layer, here or below; null without TLS. Lives as long as the stream.
  virtual const TlsPeer* tls_peer() const noexcept { return nullptr; }

 protected:
  ByteStream() = default;
};

/// The bottom layer: the socket itself.
std::unique_ptr<ByteStream> make_plain_stream(StreamSocket socket);

}  // namespace nsq::net
