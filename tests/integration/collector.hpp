#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "clients/nsq/blocking.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/recording_sink.hpp"

namespace nsq::test {

/// A consumer that keeps the bodies it gets, and its log.
class Collector {
 public:
  Collector(const std::string& topic, const std::vector<client::LookupdUrl>& lookupds,
            client::Config config = {}) {
    client::ConsumerSetup setup;
    setup.topic = topic;
    setup.channel = "c";
    setup.config = std::move(config);
    setup.config.values.max_in_flight = 100;
    setup.logger = Logger(log_, LogLevel::info);
    consumer_ = client::BlockingConsumer::create(std::move(setup)).value();
    const auto handler = [this](const client::Message& message) -> Result<void> {
      const std::lock_guard lock(mu_);
      arrived_.emplace(message.body(), read_clock().mono);
      return {};
    };
    REQUIRE(consumer_->add_handler(handler).has_value());
    REQUIRE(consumer_->connect_to_nsqlookupds(lookupds).has_value());
  }
  ~Collector() {
    consumer_->stop();
    consumer_->wait();
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  bool has(const std::string& body) const {
    const std::lock_guard lock(mu_);
    return arrived_.contains(body);
  }
  std::size_t count() const {
    const std::lock_guard lock(mu_);
    return arrived_.size();
  }
  /// When its handler was called first; there must be one.
  MonoTime arrival(const std::string& body) const {
    const std::lock_guard lock(mu_);
    return arrived_.at(body);
  }
  void await_connections(std::int64_t wanted) const {
    CHECK(await_value(wanted, [&] { return consumer_->stats().connections; }) == wanted);
  }
  client::ConsumerStats stats() const { return consumer_->stats(); }
  const RecordingSink& log() const { return *log_; }
  client::BlockingConsumer& operator*() { return *consumer_; }

 private:
  mutable std::mutex mu_;
  std::map<std::string, MonoTime> arrived_;
  std::shared_ptr<RecordingSink> log_ = std::make_shared<RecordingSink>();
  std::unique_ptr<client::BlockingConsumer> consumer_;  // gone before the above
};

}  // namespace nsq::test
