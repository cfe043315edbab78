#pragma once

#include <memory>
#include <string>

#include "tests/unit/nsqd/queue/fixture.hpp"

namespace nsqd {

using nsq::Errc;

/// A channel of its own, without topic or broker.
struct ChannelFixture {
  explicit ChannelFixture(QueueLimits with = {}, std::string name = "c")
      : limits(with), channel(std::make_shared<Channel>(std::move(name), limits, deadlines, 1)) {}

  /// A consumer that was added, with this RDY; it has not pulled yet.
  TestClient client(std::uint64_t connection, std::int64_t ready, int sample_rate = 0) {
    auto made = make_client(connection, sample_rate);
    (void)channel->add(made.consumer).value();
    channel->set_ready(*made.consumer, ready);
    return made;
  }

  void put(const Run& run) {
    Effects effects;
    channel->put(run, run.first, effects);
    effects.run();
  }

  std::vector<Run> pull(const TestClient& client) { return pull_all(*channel, client, clock.now); }

  /// REQ without a delay.
  bool requeue(const TestClient& client, const nsq::wire::MessageId& id) {
    Effects effects;
    const auto result = channel->requeue(*client.consumer, id, effects);
    effects.run();
    return result.has_value();
  }

  /// REQ with a delay: what the topic would keep until it is due.
  Run take_to_defer(const TestClient& client, const nsq::wire::MessageId& id) {
    return channel->take_to_defer(*client.consumer, id).value();
  }
  void put_due(const Run& run) {
    Effects effects;
    channel->put_due(run, effects);
    effects.run();
  }

  /// Lets time pass and does what is due then.
  void advance(Nanoseconds by) {
    clock.advance(by);
    deadlines.expire_due(clock.now);
  }

  ChannelStats stats() const { return channel->stats(true); }

  Clock clock;
  DeadlineIndex deadlines;
  QueueLimits limits;
  std::shared_ptr<Channel> channel;
};

}  // namespace nsqd
