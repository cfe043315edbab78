#include "clients/nsq/producer_pool.hpp"

#include <utility>

#include "clients/nsq/completed.hpp"
#include "clients/nsq/producer_pool_impl.hpp"

namespace nsq::client {

namespace asio = boost::asio;

Result<std::unique_ptr<ProducerPool>> ProducerPool::create(asio::any_io_executor executor,
                                                           ProducerPoolSetup setup) {
  if (setup.nsqds.empty() && setup.lookupds.empty()) {
    return fail(Errc::bad_config, "neither nsqds nor nsqlookupds");
  }
  auto options = setup.config.freeze();
  if (!options) return std::unexpected(options.error());
  auto impl = std::make_shared<Impl>(std::move(executor), *std::move(options), std::move(setup));
  impl->init();
  return std::unique_ptr<ProducerPool>(new ProducerPool(std::move(impl)));
}

ProducerPool::ProducerPool(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ProducerPool::~ProducerPool() {
  impl_->shutdown();
}

void ProducerPool::publish(std::string topic, std::string body, Completion done) {
  PoolPublish publish;
  publish.topic = std::move(topic);
  publish.bodies.push_back(std::move(body));
  publish.done = std::move(done);
  impl_->accept(std::move(publish));
}

void ProducerPool::multi_publish(std::string topic, std::vector<std::string> bodies,
                                 Completion done) {
  PoolPublish publish;
  publish.kind = PoolPublish::Kind::many;
  publish.topic = std::move(topic);
  publish.bodies = std::move(bodies);
  publish.done = std::move(done);
  impl_->accept(std::move(publish));
}

void ProducerPool::deferred_publish(std::string topic, Nanoseconds delay, std::string body,
                                    Completion done) {
  PoolPublish publish;
  publish.kind = PoolPublish::Kind::deferred;
  publish.topic = std::move(topic);
  publish.delay = delay;
  publish.bodies.push_back(std::move(body));
  publish.done = std::move(done);
  impl_->accept(std::move(publish));
}

asio::awaitable<Result<void>> ProducerPool::publish(std::string topic, std::string body) {
  const auto impl = impl_;  // the pool itself may go meanwhile
  co_return co_await completed(
      [&](Completion done) { publish(std::move(topic), std::move(body), std::move(done)); });
}

asio::awaitable<Result<void>> ProducerPool::multi_publish(std::string topic,
                                                          std::vector<std::string> bodies) {
  const auto impl = impl_;
  co_return co_await completed([&](Completion done) {
    multi_publish(std::move(topic), std::move(bodies), std::move(done));
  });
}

asio::awaitable<Result<void>> ProducerPool::deferred_publish(std::string topic, Nanoseconds delay,
                                                             std::string body) {
  const auto impl = impl_;
  co_return co_await completed([&](Completion done) {
    deferred_publish(std::move(topic), delay, std::move(body), std::move(done));
  });
}

asio::awaitable<Result<void>> ProducerPool::flush(Nanoseconds limit) {
  const auto impl = impl_;
  co_return co_await impl->flush(limit);
}

asio::awaitable<Result<void>> ProducerPool::stop(Nanoseconds limit) {
  const auto impl = impl_;
  co_return co_await impl->stop(limit);
}

ProducerPoolStats ProducerPool::stats() const {
  return impl_->stats();
}

}  // namespace nsq::client
