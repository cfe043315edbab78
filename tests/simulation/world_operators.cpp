// What operators do, and what happens to the machine.

#include <algorithm>
#include <utility>

#include "tests/simulation/world.hpp"

namespace nsqd::sim {
namespace {

constexpr std::size_t kMaxBacklog = 400;  // of a channel, before it is emptied for speed's sake

}  // namespace

void World::open_broker() {
  broker_ = std::make_unique<Broker>(limits_, 3, deadlines_, observer_, &ground_->log());
  ground_->open(*broker_);
}

/// What was changed by hand is written down at once, as the HTTP API does it.
void World::save(std::size_t index) {
  broker_->save(*topic(index));
}

void World::create_channel() {
  touched_ = any_topic();
  if (ground_->full()) return;
  const std::string name = any_channel_name();
  const auto parsed = nsq::wire::ChannelName::parse(name).value();
  expect(broker_->get_or_create_channel(topic(touched_), parsed).has_value(), "no channel made");
  models_[touched_].channels.try_emplace(name);
  models_[touched_].release();
}

void World::evict(std::size_t index, const std::string& channel) {
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (clients_[i]->topic == index && clients_[i]->channel_name == channel) leave(i);
  }
}

void World::delete_channel() {
  touched_ = any_topic();
  if (ground_->full()) return;
  const std::string name = any_channel_name();
  const bool existed = models_[touched_].channels.erase(name) > 0;
  expect(broker_->delete_channel(topic(touched_), name) == existed, "wrong answer to a deletion");
  evict(touched_, name);
}

void World::delete_topic() {
  touched_ = any_topic();
  if (ground_->full()) return;
  ModelTopic& model = models_[touched_];
  const auto name = topic(touched_)->name();
  expect(broker_->delete_topic(name.view()), "no topic to delete");
  for (const auto& [channel, ignored] : model.channels) evict(touched_, channel);
  model.channels.clear();
  model.held.clear();
  model.paused = false;
  model.counts_known = false;
  (void)broker_->get_or_create_topic(name).value();
}

void World::pause_channel() {
  touched_ = any_topic();
  if (ground_->full()) return;
  const std::string name = any_channel_name();
  const auto channel = topic(touched_)->find_channel(name);
  if (!channel) return;
  const bool paused = chance(30);
  Effects effects;
  channel->pause(paused, effects);
  effects.run();
  models_[touched_].channels.at(name).paused = paused;
  save(touched_);
}

void World::pause_topic() {
  touched_ = any_topic();
  if (ground_->full()) return;
  const bool paused = chance(30);
  Effects effects;
  topic(touched_)->pause(paused, effects);
  effects.run();
  models_[touched_].paused = paused;
  models_[touched_].release();
  save(touched_);
}

void World::empty_channel() {
  touched_ = any_topic();
  if (ground_->full()) return;
  for (auto& [name, model] : models_[touched_].channels) {
    if (model.messages().size() < kMaxBacklog && !chance(20)) continue;
    Effects effects;
    topic(touched_)->empty_channel(*topic(touched_)->find_channel(name), effects);
    effects.run();
    model.empty();
    for (const auto& client : clients_) {
      if (client->topic == touched_ && client->channel_name == name) client->in_flight = 0;
    }
  }
  save(touched_);
}

void World::empty_topic() {
  touched_ = any_topic();
  if (ground_->full()) return;
  topic(touched_)->empty();
  models_[touched_].held.clear();
  save(touched_);
}

void World::set_durability() {
  touched_ = any_topic();
  if (ground_->full()) return;
  topic(touched_)->set_durability(chance(50) ? Durability::memory : Durability::disk);
  save(touched_);
}

void World::log_works() {
  touched_ = any_topic();
  ground_->progress([this](std::uint64_t limit) { return below(limit); });
}

void World::save_cursors() {
  touched_ = any_topic();
  if (ground_->full()) return;
  const bool all_is_committed = ground_->quiet();
  ground_->save(*broker_);
  if (!all_is_committed) return;
  for (auto& model : models_) {
    for (auto& [name, channel] : model.channels) channel.saved();
  }
}

void World::settle() {
  touched_ = any_topic();
  settle_ground();
  advance(nsq::Seconds(2));  // what the log did not take is tried again
  settle_ground();
  // Topics look at what is due a millisecond apart.
  for (int step = 0; step < 10; ++step) {
    advance(nsq::Milliseconds(1));
    settle_ground();
  }
  for (auto& model : models_) {
    for (auto& [name, channel] : model.channels) channel.nothing_is_late(now_.mono);
  }
  check_all();
}

/// What is due may be read first, and what was read be due.
void World::settle_ground() {
  do {
    ground_->settle();
    expire_due();
  } while (!ground_->quiet());
}

void World::restart() {
  touched_ = any_topic();
  if (!faults_.restarts) return;
  const bool crash = chance(70);
  clients_.clear();
  if (crash) {
    ground_->crash();
  } else {
    ground_->stop(*broker_);
  }
  broker_.reset();
  for (auto& model : models_) model.restart(crash);
  open_broker();
  for (std::size_t i = 0; i < models_.size(); ++i) {
    expect(topic(i) != nullptr, "a topic is gone after a restart");
    expect(topic(i)->paused() == models_[i].paused, "a topic's pause was forgotten");
    expect(topic(i)->channels().size() == models_[i].channels.size(), "channels changed");
    for (const auto& [name, model] : models_[i].channels) {
      const auto channel = topic(i)->find_channel(name);
      expect(channel != nullptr, "a channel is gone after a restart");
      expect(channel->paused() == model.paused, "a channel's pause was forgotten");
    }
  }
}

}  // namespace nsqd::sim
