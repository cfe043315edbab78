#pragma once

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nsqd/queue/broker.hpp"
#include "tests/support/log/memory_log.hpp"
#include "tests/unit/nsqd/queue/fixture.hpp"

namespace nsqd {

/// Writes down what comes and goes: "+t", "+t/c", "-t/c", "-t".
class RecordingObserver final : public BrokerObserver {
 public:
  void topic_created(const Topic& topic) override { add('+', topic, {}); }
  void topic_deleted(const Topic& topic) override { add('-', topic, {}); }
  void channel_created(const Topic& topic, const Channel& channel) override {
    add('+', topic, "/" + channel.name());
  }
  void channel_deleted(const Topic& topic, const Channel& channel) override {
    add('-', topic, "/" + channel.name());
  }
  bool prepares_channels() const override { return prepares; }
  std::vector<std::string> events;
  bool prepares = false;

 private:
  void add(char sign, const Topic& topic, const std::string& rest) {
    events.push_back(sign + topic.name().str() + rest);
  }
};

/// A broker with a hand-driven clock, and short forms of what is done to it.
struct BrokerFixture {
  explicit BrokerFixture(QueueLimits with = {})
      : limits(with), broker(std::make_unique<Broker>(limits, 1, deadlines, observer, &log)) {}

  static nsq::wire::TopicName topic_name(std::string_view name) {
    return nsq::wire::TopicName::parse(name).value();
  }
  static nsq::wire::ChannelName channel_name(std::string_view name) {
    return nsq::wire::ChannelName::parse(name).value();
  }

  std::shared_ptr<Topic> topic(std::string_view name) {
    return broker->get_or_create_topic(topic_name(name)).value();
  }
  std::shared_ptr<Channel> channel(std::string_view of, std::string_view name) {
    return broker->get_or_create_channel(topic(of), channel_name(name)).value();
  }
  Broker::Subscription subscribe(std::string_view of, std::string_view name,
                                 const TestClient& client) {
    return broker->subscribe(topic_name(of), channel_name(name), client.consumer).value();
  }

  bool publish(Topic& to, const std::vector<std::string>& texts) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    Effects effects;
    const auto ticket = to.publish(views, *journal, clock.now, effects);
    effects.run();
    static_cast<void>(journal->commit());
    return ticket.has_value();
  }
  bool publish_deferred(Topic& to, std::string_view text, Nanoseconds delay) {
    Effects effects;
    const auto ticket = to.publish_deferred(text, delay, *journal, clock.now, effects);
    effects.run();
    static_cast<void>(journal->commit());
    return ticket.has_value();
  }
  void pause(Topic& which, bool paused) {
    Effects effects;
    which.pause(paused, effects);
    effects.run();
    broker->save(which);
  }
  void advance(Nanoseconds by) {
    clock.advance(by);
    // One thing that is due may make another so.
    do {
      deadlines.expire_due(clock.now);
      log.commit_deadlines();
    } while (deadlines.next() && *deadlines.next() <= clock.now.mono);
  }

  /// Lets in all that is due: topics look at it a millisecond apart, in steps where it is far.
  void let_in_due() {
    for (int step = 0; step < 10; ++step) advance(Milliseconds(1));
  }

  bool requeue(Topic& topic, Channel& channel, const TestClient& client,
               const nsq::wire::MessageId& id, Nanoseconds delay) {
    Effects effects;
    const auto result =
        topic.requeue(channel, *client.consumer, id, delay, *journal, clock.now, effects);
    effects.run();
    static_cast<void>(journal->commit());
    return result.has_value();
  }
  void empty(Topic& topic, Channel& channel) {
    Effects effects;
    topic.empty_channel(channel, effects);
    effects.run();
    broker->save(topic);
  }

  /// The process dies and starts again.
  void crash() {
    log.crash();
    reopen();
  }
  /// It is stopped in good order and started again.
  void restart() {
    log.stop_cleanly(*broker);
    reopen();
  }
  void reopen() {
    broker.reset();
    journal = log.make_journal();
    broker = std::make_unique<Broker>(limits, 1, deadlines, observer, &log);
    log.restore(*broker);
  }

  /// All that the channel has waiting, in memory or in the log, taken by a consumer that then
  /// leaves.
  std::vector<Run> drain(Channel& channel) {
    const auto client = make_client(next_connection++);
    (void)channel.add(client.consumer).value();
    channel.set_ready(*client.consumer, 1'000'000);
    std::vector<Run> runs;
    for (bool more = true; more;) {
      // A pull that finds nothing has started a read, if there is anything.
      auto pulled = pull_all(channel, client, clock.now);
      more = !pulled.empty() || channel.stats(false).depth > 0;
      std::move(pulled.begin(), pulled.end(), std::back_inserter(runs));
    }
    Effects effects;
    channel.remove(client.consumer, effects);
    return runs;
  }

  Clock clock;
  RecordingObserver observer;
  DeadlineIndex deadlines;
  test::MemoryLog log{clock.now};
  std::unique_ptr<test::MemoryJournal> journal = log.make_journal();
  const QueueLimits limits;
  std::uint64_t next_connection = 1'000'000;
  std::unique_ptr<Broker> broker;
};

}  // namespace nsqd
