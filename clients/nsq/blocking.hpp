#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/nsq/consumer.hpp"
#include "clients/nsq/producer.hpp"
#include "clients/nsq/producer_pool.hpp"

namespace nsq::client {

/// A Producer for programs without an event loop: it has a thread of its own. Any thread may call
/// it, several at once. What is promised and what fails is as of Producer.
class BlockingProducer {
 public:
  static Result<std::unique_ptr<BlockingProducer>> create(Address nsqd, const Config& config,
                                                          Logger logger = {});
  /// As Producer's: does not wait for what is outstanding.
  ~BlockingProducer();

  Result<void> publish(std::string topic, std::string body);
  Result<void> multi_publish(std::string topic, std::vector<std::string> bodies);
  Result<void> deferred_publish(std::string topic, Nanoseconds delay, std::string body);
  Result<void> ping();
  /// Returns at once; `done` is called on the producer's thread and must not block. Many that are
  /// started in a row are written together.
  void publish_async(std::string topic, std::string body, Producer::Completion done);
  Result<void> flush(Nanoseconds limit);
  Result<void> stop(Nanoseconds limit = Seconds(5));

 private:
  struct Impl;
  explicit BlockingProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A ProducerPool for programs without an event loop: it has a thread of its own. Any thread may
/// call it, several at once. What is promised and what fails is as of ProducerPool, whose
/// discovery_filter runs on that thread.
class BlockingProducerPool {
 public:
  static Result<std::unique_ptr<BlockingProducerPool>> create(ProducerPoolSetup setup);
  /// As ProducerPool's: does not wait for what is outstanding.
  ~BlockingProducerPool();

  Result<void> publish(std::string topic, std::string body);
  Result<void> multi_publish(std::string topic, std::vector<std::string> bodies);
  Result<void> deferred_publish(std::string topic, Nanoseconds delay, std::string body);
  Result<void> flush(Nanoseconds limit);
  Result<void> stop(Nanoseconds limit = Seconds(5));
  ProducerPoolStats stats() const;

 private:
  struct Impl;
  explicit BlockingProducerPool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A Consumer for programs without an event loop: it has a thread for its sockets, and one for each
/// handler that may run at once. Any thread may call it.
class BlockingConsumer {
 public:
  static Result<std::unique_ptr<BlockingConsumer>> create(ConsumerSetup setup);
  /// As Consumer's. Not from a hook.
  ~BlockingConsumer();

  Result<void> add_handler(Consumer::Handler handler, unsigned concurrency = 0);
  Result<void> connect(std::vector<Address> nsqds, ConnectMode mode = ConnectMode::fail_fast);
  /// Do not wait for an answer.
  Result<void> connect_to_nsqlookupds(const std::vector<LookupdUrl>& lookupds);
  Result<void> disconnect_from_nsqlookupd(const LookupdUrl& lookupd);
  /// With ConsumerSetup::pull.
  Result<Message> next();
  void set_max_in_flight(std::int64_t count);
  bool is_starved() const;
  /// Begins to stop; does not wait.
  void stop();
  /// Waits until a stop is complete. Not from a handler.
  StopReport wait();
  ConsumerStats stats() const;

 private:
  struct Impl;
  explicit BlockingConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nsq::client
