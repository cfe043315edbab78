// What is compared between the broker and the model, and the end of a run.

#include <algorithm>
#include <string>

#include "tests/simulation/world.hpp"

namespace nsqd::sim {
namespace {

void expect_between(std::uint64_t is, std::uint64_t least, std::uint64_t most, const char* what,
                    const std::string& where) {
  if (is >= least && is <= most) return;
  throw Violation(where + ": " + what + " is " + std::to_string(is) + " instead of " +
                  std::to_string(least) +
                  (least == most ? std::string() : " to " + std::to_string(most)));
}

void expect_equal(std::uint64_t is, std::uint64_t wanted, const char* what,
                  const std::string& where) {
  expect_between(is, wanted, wanted, what, where);
}

/// All counts of both, for a violation's text.
std::string describe(const ChannelStats& stats, const ModelChannel& model) {
  std::string text = " [broker: depth " + std::to_string(stats.depth) + ", in log " +
                     std::to_string(stats.backend_depth) + ", in flight " +
                     std::to_string(stats.in_flight_count) + ", deferred " +
                     std::to_string(stats.deferred_count) + "; model:";
  constexpr const char* kNames[] = {"waiting", "in flight", "deferred", "either"};
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const auto place = static_cast<Place>(i);
    text += std::string(" ") + kNames[i] + " " + std::to_string(model.count(place, true)) + "+" +
            std::to_string(model.count(place, false));
  }
  return text + "]";
}

}  // namespace

void World::check_topic(std::size_t index) {
  ModelTopic& model = models_[index];
  const auto stats = topic(index)->stats("no channel", false);
  const std::string where = "t" + std::to_string(index);
  expect_between(stats.depth, model.held_for_sure(), model.held.size(), "depth", where);
  if (stats.depth == model.held_for_sure()) model.drop_doubtful_held();
  for (const auto& [name, channel] : model.channels) check_channel(index, name);
}

void World::check_channel(std::size_t topic_index, const std::string& name) {
  ModelChannel& model = models_[topic_index].channels.at(name);
  const auto channel = topic(topic_index)->find_channel(name);
  std::string where = "t" + std::to_string(topic_index) + "/" + name;
  if (!channel) throw Violation(where + " is gone");
  const auto stats = channel->stats(true);
  where += describe(stats, model);
  const auto late = model.count(Place::either, true) + model.count(Place::either, false);
  expect_between(stats.depth, model.at_least_waiting(), model.at_most_waiting(), "depth", where);
  expect_between(stats.deferred_count, model.count(Place::deferred, true),
                 model.count(Place::deferred, true) + model.count(Place::deferred, false) + late,
                 "deferred_count", where);
  expect_between(stats.depth + stats.deferred_count, model.rest(), model.rest() + model.doubtful(),
                 "depth and deferred_count", where);
  expect_equal(stats.in_flight_count, model.in_flight(), "in_flight_count", where);
  if (models_[topic_index].counts_known) {
    expect_equal(stats.message_count, model.entered, "message_count", where);
    expect_equal(stats.requeue_count, model.requeued, "requeue_count", where);
    expect_equal(stats.timeout_count, model.timed_out, "timeout_count", where);
  }
  if (stats.depth + stats.deferred_count == model.rest()) model.drop_doubtful();
  check_consumers(topic_index, name, stats);
  check_nobody_waits_in_vain(topic_index, name, stats);
}

void World::check_consumers(std::size_t topic_index, const std::string& name,
                            const ChannelStats& stats) const {
  const std::string where = "t" + std::to_string(topic_index) + "/" + name;
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

/// While messages wait, either nobody who has room sleeps, or somebody is on the way, or the log
/// is.
void World::check_nobody_waits_in_vain(std::size_t topic_index, const std::string& name,
                                       const ChannelStats& stats) const {
  const bool log_is_on_the_way = stats.backend_depth == stats.depth && !ground_->quiet();
  if (stats.paused || stats.depth == 0 || log_is_on_the_way) return;
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

void World::check_all() {
  for (std::size_t i = 0; i < models_.size(); ++i) check_topic(i);
}

/// Pulls and finishes all there is for the client. @return whether its channel had anything.
bool World::finish_all_of(Client& client) {
  while (pull(client, {}).more) {
  }
  std::vector<Serial> mine;
  for (const auto& [serial, held] : model_of(client).messages()) {
    if (held.place == Place::in_flight && held.owner == client.connection) mine.push_back(serial);
  }
  for (const Serial serial : mine) finish(client, serial);
  const auto stats = client.subscription.channel->stats(false);
  return !model_of(client).messages().empty() ||
         stats.depth + stats.deferred_count + stats.in_flight_count > 0;
}

void World::drain() {
  // As many rounds as the longest chain of requeues and timeouts can need.
  constexpr int kMaxRounds = 2000;
  settle_ground();
  while (!clients_.empty()) leave(clients_.size() - 1);
  Effects effects;
  for (std::size_t i = 0; i < models_.size(); ++i) {
    topic(i)->pause(false, effects);
    models_[i].paused = false;
    models_[i].release();
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
    settle_ground();
    bool left = false;
    for (const auto& client : clients_) left = finish_all_of(*client) || left;
    check_all();
    if (!left) return;
    if (ground_->quiet()) advance(nsq::Milliseconds(200));
  }
  throw Violation("messages were left over at the end");
}

}  // namespace nsqd::sim
