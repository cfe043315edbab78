#include "common/net/http_server.hpp"

#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/assert.hpp"
#include "common/net/http_connection.hpp"
#include "common/net/task_group.hpp"

namespace nsq::net {
namespace asio = boost::asio;

namespace {

using WorkerPtr = std::shared_ptr<HttpWorker>;

asio::awaitable<void> serve(WorkerPtr worker, std::unique_ptr<ByteStream> stream,
                            std::string remote) {
  if (const auto& upgrade = worker->shared->options.upgrade) {
    stream = co_await upgrade(std::move(stream));
    if (!stream) co_return;
  }
  HttpConnection connection(*worker, std::move(stream), std::move(remote));
  co_await connection.run();
}

/// On the worker's thread.
void admit(const WorkerPtr& worker, AcceptedSocket accepted) {
  if (worker->stopping) return;
  auto socket = accepted.attach(worker->executor);
  if (!socket) {
    worker->shared->logger.error("HTTP: {}", socket.error().text());
    return;
  }
  worker->tasks.spawn("HTTP client(" + accepted.remote() + ")",
                      serve(worker, make_plain_stream(std::move(*socket)), accepted.remote()));
}

/// On the worker's thread.
void begin_stop(HttpWorker& worker) {
  worker.stopping = true;
  for (auto& connection : worker.connections) connection.stop_if_idle();
}

asio::awaitable<void> end_stop(WorkerPtr worker, MonoTime deadline) {
  const bool ended = co_await worker->tasks.wait_until(deadline);
  if (ended) co_return;
  worker->tasks.cancel();
  co_await worker->tasks.wait();
}

}  // namespace

struct HttpServer::Impl {
  asio::awaitable<void> accept();

  std::shared_ptr<const HttpShared> shared;
  std::vector<WorkerPtr> workers;
  std::size_t next = 0;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<TaskGroup> accepting;
};

asio::awaitable<void> HttpServer::Impl::accept() {
  const auto hand_over = [this](AcceptedSocket accepted) {
    const WorkerPtr& worker = workers[next];
    next = (next + 1) % workers.size();
    asio::post(worker->executor, [worker, accepted = std::move(accepted)]() mutable {
      admit(worker, std::move(accepted));
    });
  };
  const auto outcome = co_await listener->accept_loop(hand_over);
  if (!outcome && shared->options.on_fatal) shared->options.on_fatal(outcome.error());
}

HttpServer::HttpServer(std::vector<HttpThread> threads, HttpServerOptions options, Logger logger)
    : impl_(std::make_unique<Impl>()) {
  NSQ_ASSERT(!threads.empty());
  impl_->shared =
      std::make_shared<const HttpShared>(HttpShared{std::move(options), std::move(logger)});
  for (auto& thread : threads) {
    NSQ_ASSERT(!thread.read_buffer.empty() && thread.router);
    impl_->workers.push_back(std::make_shared<HttpWorker>(std::move(thread), impl_->shared));
  }
}

HttpServer::~HttpServer() = default;

void HttpServer::start(std::unique_ptr<Listener> listener) {
  NSQ_ASSERT(!impl_->listener);
  impl_->listener = std::move(listener);
  impl_->accepting =
      std::make_unique<TaskGroup>(impl_->listener->executor(), impl_->shared->logger);
  impl_->accepting->spawn("HTTP accept", impl_->accept());
}

asio::awaitable<void> HttpServer::stop(Nanoseconds grace) {
  const MonoTime deadline = read_clock().mono + grace;
  if (impl_->listener) {
    impl_->listener->close();
    co_await impl_->accepting->wait();
  }
  // Sockets on their way to a worker arrive before this, in the order of posting.
  for (const WorkerPtr& worker : impl_->workers) {
    asio::post(worker->executor, [worker] { begin_stop(*worker); });
  }
  for (const WorkerPtr& worker : impl_->workers) {
    co_await asio::co_spawn(worker->executor, end_stop(worker, deadline), asio::use_awaitable);
  }
}

}  // namespace nsq::net
