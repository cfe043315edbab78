#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/list_hook.hpp>

#include "common/net/byte_stream.hpp"
#include "common/net/http_parser.hpp"
#include "common/net/http_response.hpp"
#include "common/net/http_server.hpp"
#include "common/net/task_group.hpp"

namespace nsq::net {

class HttpConnection;

/// What the connections of a server share. Constant while it runs.
struct HttpShared {
  HttpServerOptions options;
  Logger logger;
};

using HttpConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// What the connections of one thread share. Lives on that thread; connections keep it alive.
struct HttpWorker {
  HttpWorker(HttpThread thread, std::shared_ptr<const HttpShared> what)
      : executor(thread.executor),
        scratch(thread.read_buffer),
        router(std::move(thread.router)),
        shared(std::move(what)),
        tasks(executor, shared->logger) {}

  boost::asio::any_io_executor executor;
  std::span<char> scratch;
  std::shared_ptr<const HttpRouter> router;
  std::shared_ptr<const HttpShared> shared;
  TaskGroup tasks;
  boost::intrusive::list<HttpConnection, boost::intrusive::base_hook<HttpConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      connections;
  HttpDate date;
  bool stopping = false;
};

/// One connection: requests in, answers out, in order. Lives on its worker's thread, in the frame
/// of the coroutine that awaits run().
class HttpConnection : public HttpConnectionHook {
 public:
  /// @param worker  outlives the connection.
  HttpConnection(HttpWorker& worker, std::unique_ptr<ByteStream> stream, std::string remote);

  /// Serves until the client leaves, an answer ends the connection, or the task is cancelled.
  boost::asio::awaitable<void> run();

  /// Closes the connection if it is between two requests; else it ends with the current one's
  /// answer.
  void stop_if_idle();

 private:
  enum class Step {
    need_input,   ///< all input is used up
    run_handler,  ///< the parser's request waits for an asynchronous handler
    flush,        ///< much output has gathered, or a large body
    close,        ///< the last answer is in the output
  };

  /// Parses and answers what `input_` holds as far as it can without waiting.
  Step advance();
  void begin_request();
  Step take_request(HttpParser::Status status);
  std::optional<HttpResponse> ask_guard() const;
  void refuse_malformed();
  HttpResponse answer_now(HttpParser::Status status);
  HttpResponse answer_unrouted() const;
  HttpResponse guarded_call(const HttpHandler& handler, HttpRequest& request) const;
  boost::asio::awaitable<void> run_handler();
  Step append_answer(HttpResponse response);
  void log_access(int status) const;
  void mark_start();

  boost::asio::awaitable<bool> read_more();
  IoStatus write_output();
  boost::asio::awaitable<bool> flush();
  void settle_input();
  boost::asio::awaitable<void> drain();
  boost::asio::awaitable<void> discard_input();

  HttpWorker& worker_;
  std::unique_ptr<ByteStream> stream_;
  std::string remote_;
  std::unique_ptr<HttpParser> parser_;  // of the request that is being taken or answered
  std::string_view input_;              // not parsed yet: in the scratch buffer or in carry_
  std::string carry_;                   // input that had to survive a suspension
  std::string output_;
  std::string large_body_;   // goes out behind output_, before anything is added to that
  std::size_t written_ = 0;  // of both
  MonoTime started_{};
  Step after_answer_ = Step::need_input;
  bool admitted_ = false;  // by the guard, while the body was still to come
  bool sent_continue_ = false;
  bool unread_body_ = false;  // the client may still be sending: drain before closing
  bool waiting_ = false;      // inside read_more()
};

}  // namespace nsq::net
