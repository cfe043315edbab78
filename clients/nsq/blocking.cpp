#include "clients/nsq/blocking.hpp"

#include <utility>

#include "clients/nsq/io_thread.hpp"
#include "common/base/mutex.hpp"

namespace nsq::client {

// ---- BlockingProducer

struct BlockingProducer::Impl {
  struct Publish {
    std::string topic;
    std::string body;
    Producer::Completion done;
  };

  IoThread thread;
  std::unique_ptr<Producer> producer;  // of the thread
  Mutex mu;
  std::vector<Publish> started NSQ_GUARDED_BY(mu);

  /// On the thread: hands over what has gathered.
  void take() {
    std::vector<Publish> batch;
    {
      const MutexLock lock(mu);
      batch.swap(started);
    }
    for (Publish& p : batch) {
      producer->publish(std::move(p.topic), std::move(p.body), std::move(p.done));
    }
  }
};

Result<std::unique_ptr<BlockingProducer>> BlockingProducer::create(Address nsqd,
                                                                   const Config& config,
                                                                   Logger logger) {
  auto impl = std::make_unique<Impl>();
  auto producer =
      Producer::create(impl->thread.executor(), std::move(nsqd), config, std::move(logger));
  if (!producer) return std::unexpected(producer.error());
  impl->producer = *std::move(producer);
  return std::unique_ptr<BlockingProducer>(new BlockingProducer(std::move(impl)));
}

BlockingProducer::BlockingProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BlockingProducer::~BlockingProducer() {
  impl_->thread.call([this] { impl_->producer.reset(); });
}

Result<void> BlockingProducer::publish(std::string topic, std::string body) {
  return impl_->thread.wait(impl_->producer->publish(std::move(topic), std::move(body)));
}

Result<void> BlockingProducer::multi_publish(std::string topic, std::vector<std::string> bodies) {
  return impl_->thread.wait(impl_->producer->multi_publish(std::move(topic), std::move(bodies)));
}

Result<void> BlockingProducer::deferred_publish(std::string topic, Nanoseconds delay,
                                                std::string body) {
  return impl_->thread.wait(
      impl_->producer->deferred_publish(std::move(topic), delay, std::move(body)));
}

Result<void> BlockingProducer::ping() {
  return impl_->thread.wait(impl_->producer->ping());
}

void BlockingProducer::publish_async(std::string topic, std::string body,
                                     Producer::Completion done) {
  bool first = false;
  {
    const MutexLock lock(impl_->mu);
    first = impl_->started.empty();
    impl_->started.push_back({std::move(topic), std::move(body), std::move(done)});
  }
  if (first) boost::asio::post(impl_->thread.executor(), [impl = impl_.get()] { impl->take(); });
}

Result<void> BlockingProducer::flush(Nanoseconds limit) {
  return impl_->thread.wait(impl_->producer->flush(limit));
}

Result<void> BlockingProducer::stop(Nanoseconds limit) {
  return impl_->thread.wait(impl_->producer->stop(limit));
}

// ---- BlockingProducerPool

struct BlockingProducerPool::Impl {
  IoThread thread;
  std::unique_ptr<ProducerPool> pool;  // of the thread
};

Result<std::unique_ptr<BlockingProducerPool>> BlockingProducerPool::create(
    ProducerPoolSetup setup) {
  auto impl = std::make_unique<Impl>();
  Result<std::unique_ptr<ProducerPool>> pool;
  impl->thread.call(
      [&] { pool = ProducerPool::create(impl->thread.executor(), std::move(setup)); });
  if (!pool) return std::unexpected(pool.error());
  impl->pool = *std::move(pool);
  return std::unique_ptr<BlockingProducerPool>(new BlockingProducerPool(std::move(impl)));
}

BlockingProducerPool::BlockingProducerPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BlockingProducerPool::~BlockingProducerPool() {
  impl_->thread.call([this] { impl_->pool.reset(); });
}

Result<void> BlockingProducerPool::publish(std::string topic, std::string body) {
  return impl_->thread.wait(impl_->pool->publish(std::move(topic), std::move(body)));
}

Result<void> BlockingProducerPool::multi_publish(std::string topic,
                                                 std::vector<std::string> bodies) {
  return impl_->thread.wait(impl_->pool->multi_publish(std::move(topic), std::move(bodies)));
}

Result<void> BlockingProducerPool::deferred_publish(std::string topic, Nanoseconds delay,
                                                    std::string body) {
  return impl_->thread.wait(
      impl_->pool->deferred_publish(std::move(topic), delay, std::move(body)));
}

Result<void> BlockingProducerPool::flush(Nanoseconds limit) {
  return impl_->thread.wait(impl_->pool->flush(limit));
}

Result<void> BlockingProducerPool::stop(Nanoseconds limit) {
  return impl_->thread.wait(impl_->pool->stop(limit));
}

ProducerPoolStats BlockingProducerPool::stats() const {
  ProducerPoolStats stats;
  impl_->thread.call([&] { stats = impl_->pool->stats(); });
  return stats;
}

// ---- BlockingConsumer

struct BlockingConsumer::Impl {
  IoThread thread;
  std::unique_ptr<Consumer> consumer;  // of the thread
};

Result<std::unique_ptr<BlockingConsumer>> BlockingConsumer::create(ConsumerSetup setup) {
  auto impl = std::make_unique<Impl>();
  auto consumer = Consumer::create(impl->thread.executor(), std::move(setup));
  if (!consumer) return std::unexpected(consumer.error());
  impl->consumer = *std::move(consumer);
  return std::unique_ptr<BlockingConsumer>(new BlockingConsumer(std::move(impl)));
}

BlockingConsumer::BlockingConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BlockingConsumer::~BlockingConsumer() {
  impl_->thread.call([this] { impl_->consumer.reset(); });
}

Result<void> BlockingConsumer::add_handler(Consumer::Handler handler, unsigned concurrency) {
  Result<void> result;
  impl_->thread.call(
      [&] { result = impl_->consumer->add_handler(std::move(handler), concurrency); });
  return result;
}

Result<void> BlockingConsumer::connect(std::vector<Address> nsqds, ConnectMode mode) {
  return impl_->thread.wait(impl_->consumer->connect(std::move(nsqds), mode));
}

Result<void> BlockingConsumer::connect_to_nsqlookupds(const std::vector<LookupdUrl>& lookupds) {
  Result<void> result;
  impl_->thread.call([&] { result = impl_->consumer->connect_to_nsqlookupds(lookupds); });
  return result;
}

Result<void> BlockingConsumer::disconnect_from_nsqlookupd(const LookupdUrl& lookupd) {
  Result<void> result;
  impl_->thread.call([&] { result = impl_->consumer->disconnect_from_nsqlookupd(lookupd); });
  return result;
}

Result<Message> BlockingConsumer::next() {
  return impl_->thread.wait(impl_->consumer->next());
}

void BlockingConsumer::set_max_in_flight(std::int64_t count) {
  impl_->consumer->set_max_in_flight(count);
}

bool BlockingConsumer::is_starved() const {
  return impl_->consumer->is_starved();
}

void BlockingConsumer::stop() {
  impl_->consumer->stop();
}

StopReport BlockingConsumer::wait() {
  return impl_->thread.wait(impl_->consumer->stopped());
}

ConsumerStats BlockingConsumer::stats() const {
  return impl_->consumer->stats();
}

}  // namespace nsq::client
