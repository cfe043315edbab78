// What is compared between the broker and the model, and the end of a run.

#include <algorithm>
#include <string>

#include "tests/simulation/world.hpp"

namespace nsqd::sim {
namespace {

void expect_equal(std::uint64_t is, std::uint64_t wanted, const char* what,
                  const std::string& where) {
  if (is == wanted) return;
  throw Violation(where + ": " + what + " is " + std::to_string(is) + " instead of " +
                  std::to_string(wanted));
}

}  // namespace

void World::check_topic(std::size_t index) const {
  const ModelTopic& model = models_[index];
  const auto stats = topic(index)->stats("no channel", false);
  const std::string where = "t" + std::to_string(index);
  expect_equal(stats.depth, model.held.size() + model.held_deferred.size(), "depth", where);
  expect_equal(stats.message_count, model.published.size(), "message_count", where);
  for (const auto& [name, channel] : model.channels) {
    check_channel(index, name);
    check_nobody_waits_in_vain(index, name);
  }
}

void World::check_channel(std::size_t topic_index, const std::string& name) const {
  const ModelChannel& model = models_[topic_index].channels.at(name);
  const auto channel = topic(topic_index)->find_channel(name);
  const std::string where = "t" + std::to_string(topic_index) + "/" + name;
  if (!channel) throw Violation(where + " is gone");
  const auto stats = channel->stats(true);
  expect_equal(stats.depth, model.waiting, "depth", where);
  expect_equal(stats.in_flight_count, model.in_flight, "in_flight_count", where);
  expect_equal(stats.deferred_count, model.deferred, "deferred_count", where);
  expect_equal(stats.message_count, model.entered, "message_count", where);
  expect_equal(stats.requeue_count, model.requeued, "requeue_count", where);
  expect_equal(stats.timeout_count, model.timed_out, "timeout_count", where);
  std::size_t clients = 0;
  for (const auto& client : clients_) {
    if (client->topic != topic_index || client->channel_name != name) continue;
    ++clients;
    const auto found = std::find_if(
        stats.consumers.begin(), stats.consumers.end(),
        [&](const ConsumerStats& each) { return each.connection == client->connection; });
    if (found == stats.consumers.end()) throw Violation(where + ": a consumer is missing");
    expect_equal(static_cast<std::uint64_t>(found->in_flight_count),
                 static_cast<std::uint64_t>(client->in_flight), "a consumer's in_flight_count",
                 where);
    expect_equal(static_cast<std::uint64_t>(found->ready_count),
                 static_cast<std::uint64_t>(client->ready), "a consumer's ready_count", where);
  }
  expect_equal(stats.client_count, clients, "client_count", where);
}

/// While messages wait, either nobody who has room sleeps, or somebody is on the way.
void World::check_nobody_waits_in_vain(std::size_t topic_index, const std::string& name) const {
  const ModelChannel& model = models_[topic_index].channels.at(name);
  if (model.paused || model.waiting == 0) return;
  bool sleeper = false;
  bool on_the_way = false;
  for (const auto& client : clients_) {
    if (client->topic != topic_index || client->channel_name != name) continue;
    on_the_way = on_the_way || client->will_pull();
    sleeper = sleeper || (client->has_room() && !client->will_pull() && !client->declined);
  }
  if (sleeper && !on_the_way) {
    throw Violation("t" + std::to_string(topic_index) + "/" + name +
                    ": messages wait and a consumer with room was not woken");
  }
}

void World::check_all() const {
  for (std::size_t i = 0; i < models_.size(); ++i) check_topic(i);
}

void World::drain() {
  // As many rounds as the longest chain of requeues and timeouts can need.
  constexpr int kMaxRounds = 1000;
  while (!clients_.empty()) leave(clients_.size() - 1);
  Effects effects;
  for (std::size_t i = 0; i < models_.size(); ++i) {
    topic(i)->pause(false, now_, effects);
    models_[i].paused = false;
    models_[i].release(now_.mono);
    for (const char* name : {"a", "b", "c"}) {
      Client& client = enter_client(i, name);
      client.subscription.channel->pause(false, effects);
      model_of(client).paused = false;
      client.ready = 1'000'000;
      client.subscription.channel->set_ready(*client.consumer, client.ready);
    }
  }
  effects.run();
  for (int round = 0; round < kMaxRounds; ++round) {
    bool left = false;
    for (const auto& client : clients_) {
      ModelChannel& model = model_of(*client);
      while (pull(*client, {}).more) {
      }
      std::vector<Offset> mine;
      for (const auto& [offset, held] : model.messages) {
        if (held.place == Place::in_flight && held.owner == client->connection) {
          mine.push_back(offset);
        }
      }
      for (const Offset offset : mine) finish(*client, offset);
      left = left || !model.messages.empty();
    }
    check_all();
    if (!left) return;
    advance(nsq::Seconds(1));
  }
  throw Violation("messages were left over at the end");
}

}  // namespace nsqd::sim
