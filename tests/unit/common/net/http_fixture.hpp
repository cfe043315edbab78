#pragma once

#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "common/net/http_server.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/simple_http.hpp"

namespace nsq::net {

/// An HTTP server on a free port of 127.0.0.1 with a listener's thread and `threads` more that
/// serve, or all on one thread.
class HttpFixture {
 public:
  explicit HttpFixture(HttpRouter router, HttpServerOptions options = {}, int threads = 0)
      : sink_(std::make_shared<test::RecordingSink>()) {
    const Logger logger(sink_, LogLevel::debug);
    auto listener =
        Listener::bind(main_.context.get_executor(), tcp_address("127.0.0.1", 0), "HTTP", logger);
    if (!listener) throw std::runtime_error(listener.error().text());
    port_ = (*listener)->local_address().port;
    const auto routes = std::make_shared<const HttpRouter>(std::move(router));
    std::vector<HttpThread> serving;
    for (int i = 0; i < threads; ++i) {
      others_.push_back(std::make_unique<Loop>());
      serving.push_back({others_.back()->context.get_executor(), others_.back()->scratch, routes});
    }
    if (serving.empty()) serving.push_back({main_.context.get_executor(), main_.scratch, routes});
    server_ = std::make_unique<HttpServer>(std::move(serving), std::move(options), logger);
    server_->start(std::move(*listener));
    main_.start();
    for (auto& loop : others_) loop->start();
  }

  ~HttpFixture() {
    stop(Nanoseconds(0)).wait();
    for (auto& loop : others_) loop->finish();
    main_.finish();
  }

  /// Begins to stop the server; the future is ready when it has.
  std::shared_future<void> stop(Nanoseconds grace) {
    if (!stopped_.valid()) {
      stopped_ = boost::asio::co_spawn(main_.context, server_->stop(grace), boost::asio::use_future)
                     .share();
    }
    return stopped_;
  }

  test::Socket connect() const { return test::Socket::tcp(port_); }
  test::SimpleHttp client() const { return test::SimpleHttp(connect()); }
  std::uint16_t port() const { return port_; }
  const test::RecordingSink& log() const { return *sink_; }

 private:
  struct Loop {
    void start() {
      thread = std::thread([this] { context.run(); });
    }
    void finish() {
      guard.reset();
      thread.join();
    }
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
        context.get_executor()};
    std::array<char, 4096> scratch{};  // small, so that requests get cut
    std::thread thread;
  };

  std::shared_ptr<test::RecordingSink> sink_;
  Loop main_;
  std::vector<std::unique_ptr<Loop>> others_;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::shared_future<void> stopped_;
};

}  // namespace nsq::net
