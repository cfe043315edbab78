#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "common/base/bytes.hpp"
#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/http_message.hpp"
#include "common/net/http_router.hpp"
#include "common/net/listener.hpp"

namespace nsq::net {

/// A thread that serves connections.
struct HttpThread {
  boost::asio::any_io_executor executor;  ///< of an io_context that one thread runs
  /// Scratch to read into, at least 1 KiB, 64 KiB are good; shared by all that runs on that thread
  /// and does not suspend while using it. Outlives the server.
  std::span<char> read_buffer;
  /// The routes of the connections on this thread: its handlers run there and nowhere else, so they
  /// may use what lives on that thread. Several threads may share one.
  std::shared_ptr<const HttpRouter> router;
};

/// One answered request, for the access log.
struct HttpAccess {
  int status;
  std::string_view method;
  std::string_view target;  ///< as sent
  std::string_view remote;
  Nanoseconds elapsed;  ///< from the complete request to the answer
};

struct HttpServerOptions {
  /// Largest request line and headers, in bytes; more is 431.
  std::uint32_t max_header_bytes = 64_KiB;
  /// How long the input of a refused request is thrown away, so that the client sees the answer
  /// rather than a reset.
  Nanoseconds drain_time = Milliseconds(500);
  /// Called for each answered request except redirects, OPTIONS and routes that switch it off. On
  /// the connection's thread; may be empty.
  std::function<void(const HttpAccess&)> access_log;
  /// If set, the answer to every request, whatever its path (--tls-required: spec/nsqd.md 4.3).
  std::optional<HttpResponse> refuse_with;
  /// If set, asked about each request once its headers are there, also about those without a route:
  /// the answer that refuses it, or nothing. The request has no body yet; of one that is refused
  /// none is kept, and the connection ends if it has any. On the connection's thread.
  std::function<std::optional<HttpResponse>(const HttpRequest&, const HttpMatch&)> guard;
  /// If set, runs on each new connection first, e.g. a TLS handshake; null ends the connection.
  std::function<boost::asio::awaitable<std::unique_ptr<ByteStream>>(std::unique_ptr<ByteStream>)>
      upgrade;
  /// Called on the listener's thread when accepting fails for good.
  std::function<void(const Error&)> on_fatal;
};

/// An HTTP/1.0 and 1.1 server on one listener: keep-alive, pipelining, chunked requests,
/// Expect: 100-continue; no request or idle timeouts (spec/nsqd.md 6.1). An idle connection owns no
/// buffer; what one read brought is answered with one write.
///
/// Threads: constructed, started and stopped on the listener's thread; each connection lives on one
/// of `threads`, in turn. Destroy it after stop() ended, or after all its executors' contexts
/// stopped running.
class HttpServer {
 public:
  HttpServer(std::vector<HttpThread> threads, HttpServerOptions options, Logger logger);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Begins to accept. Once.
  void start(std::unique_ptr<Listener> listener);

  /// Stops listening, ends idle connections, lets requests that have begun end for up to `grace`,
  /// cancels what is left, and waits until nothing runs any more. The threads must be running.
  boost::asio::awaitable<void> stop(Nanoseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nsq::net
