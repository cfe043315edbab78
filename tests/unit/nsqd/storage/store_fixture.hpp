#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "nsqd/storage/recovery.hpp"
#include "nsqd/storage/store.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsqd {

/// What other threads want done on the test's.
class Posted {
 public:
  Store::Post post() {
    return [this](std::move_only_function<void()> work) {
      const std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
    };
  }
  /// Does what has come so far.
  void run() {
    std::deque<std::move_only_function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(work_);
    }
    for (auto& each : work) each();
  }

 private:
  std::mutex mutex_;
  std::deque<std::move_only_function<void()>> work_;
};

class SilentObserver final : public BrokerObserver {
  void topic_created(const Topic& /*topic*/) override {}
  void topic_deleted(const Topic& /*topic*/) override {}
  void channel_created(const Topic& /*topic*/, const Channel& /*channel*/) override {}
  void channel_deleted(const Topic& /*topic*/, const Channel& /*channel*/) override {}
};

/// A broker on a store in a directory of its own, used from the test's thread.
struct StoreFixture {
  explicit StoreFixture(QueueLimits with = {}) : limits(with) { open(); }
  ~StoreFixture() { close(); }
  StoreFixture(const StoreFixture&) = delete;
  StoreFixture& operator=(const StoreFixture&) = delete;

  void open() {
    Store::Config config;
    config.database.data_path = dir.path().string();
    store = std::make_unique<Store>(config, health, nsq::Logger(), posted.post());
    broker = std::make_unique<Broker>(limits, 1, deadlines, observer, store.get());
    REQUIRE(store->open(*broker).has_value());
    journal = store->make_journal(posted.post());
  }
  /// A stop in good order.
  void close() {
    if (!store) return;
    store->close();
    posted.run();
    journal.reset();
    broker.reset();
    store.reset();
  }
  void restart() {
    close();
    open();
  }

  std::shared_ptr<Topic> topic(std::string_view name) {
    return broker->get_or_create_topic(nsq::wire::TopicName::parse(name).value()).value();
  }
  std::shared_ptr<Channel> channel(std::string_view of, std::string_view name) {
    return broker->get_or_create_channel(topic(of), nsq::wire::ChannelName::parse(name).value())
        .value();
  }
  Ticket publish(Topic& to, const std::vector<std::string>& bodies) {
    const std::vector<std::string_view> views(bodies.begin(), bodies.end());
    Effects effects;
    const auto ticket = to.publish(views, *journal, nsq::read_clock(), effects).value();
    effects.run();
    return ticket;
  }
  /// The same, until it is committed.
  void publish_safely(Topic& to, const std::vector<std::string>& bodies) {
    bool told = false;
    journal->when_committed(publish(to, bodies), [&](const nsq::Result<void>& result) {
      told = true;
      CHECK(result.has_value());
    });
    REQUIRE(nsq::test::eventually([&] {
      static_cast<void>(commit());
      return told;
    }));
  }
  /// Ends a turn, after what other threads wanted.
  bool commit() {
    posted.run();
    return journal->commit();
  }

  nsq::test::TempDir dir;
  QueueLimits limits;
  Health health;
  SilentObserver observer;
  DeadlineIndex deadlines;
  Posted posted;
  std::unique_ptr<Store> store;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<LogCommitQueue> journal;
};

}  // namespace nsqd
