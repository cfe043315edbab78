#pragma once

#include <memory>
#include <string_view>

#include "common/base/clock.hpp"
#include "nsqd/queue/broker.hpp"
#include "tests/support/log/memory_log.hpp"

namespace nsqd {

/// A broker in memory with a hand-driven clock.
struct BrokerFixture {
  class Silent final : public BrokerObserver {
    void topic_created(const Topic&) override {}
    void topic_deleted(const Topic&) override {}
    void channel_created(const Topic&, const Channel&) override {}
    void channel_deleted(const Topic&, const Channel&) override {}
  };
  class Deaf final : public Waker {
    void wake() noexcept override {}
  };

  explicit BrokerFixture(QueueLimits limits = {}) : broker(limits, 1, deadlines, observer, &log) {}

  std::shared_ptr<Topic> topic(std::string_view name) {
    return broker.get_or_create_topic(nsq::wire::TopicName::parse(name).value()).value();
  }
  std::shared_ptr<Channel> channel(std::string_view topic_name, std::string_view name) {
    const auto checked = nsq::wire::ChannelName::parse(name).value();
    return broker.get_or_create_channel(topic(topic_name), checked).value();
  }
  std::shared_ptr<Consumer> subscribe(std::string_view topic_name, std::string_view channel_name,
                                      std::uint64_t connection) {
    const auto consumer = std::make_shared<Consumer>(
        ConsumerOptions{.connection = connection, .msg_timeout = std::chrono::minutes(1)},
        std::make_shared<Deaf>());
    (void)broker
        .subscribe(nsq::wire::TopicName::parse(topic_name).value(),
                   nsq::wire::ChannelName::parse(channel_name).value(), consumer)
        .value();
    return consumer;
  }
  void publish(std::string_view topic_name, std::string_view body) {
    Effects effects;
    (void)topic(topic_name)->publish({&body, 1}, *commits, now, effects).value();
    static_cast<void>(commits->commit());
  }

  nsq::Now now{nsq::MonoTime(nsq::Seconds(1000)), nsq::WallTime(nsq::Seconds(1'700'000'000))};
  Silent observer;
  DeadlineIndex deadlines;
  test::MemoryLog log{now};
  std::unique_ptr<test::MemoryJournal> commits = log.make_journal();
  Broker broker;
};

}  // namespace nsqd
