#include "nsqd/queue/broker.hpp"

#include <algorithm>
#include <utility>

namespace nsqd {

using nsq::Errc;
using nsq::fail;
using nsq::MutexLock;
using nsq::Result;

Broker::Broker(QueueLimits limits, std::uint32_t node, DeadlineIndex& deadlines,
               BrokerObserver& observer, Log* log, Durability durability)
    : limits_(limits),
      node_(node),
      deadlines_(deadlines),
      observer_(observer),
      log_(log),
      durability_(durability) {}

std::shared_ptr<Topic> Broker::make_topic(const nsq::wire::TopicName& name, Topic::Setup setup) {
  setup.node = node_;
  setup.log = log_;
  auto topic = std::make_shared<Topic>(name, limits_, deadlines_, setup);
  topics_.emplace(name, topic);
  return topic;
}

void Broker::restore(const TopicImage& image, nsq::Now now) {
  auto name = nsq::wire::TopicName::parse(image.name);
  if (!name) return;  // names are checked before they are written
  std::shared_ptr<Topic> topic;
  {
    const MutexLock lock(mutex_);
    last_topic_ = std::max(last_topic_, image.id);
    topic = make_topic(*name, {.id = image.id, .durability = image.durability});
  }
  topic->set_saved();
  topic->start(&image, now);
}

void Broker::save(Topic& topic) {
  if (log_ && !topic.ephemeral()) log_->save(topic);
}

Result<std::shared_ptr<Topic>> Broker::get_or_create_topic(const nsq::wire::TopicName& name) {
  const bool awaits_channels = observer_.prepares_channels();
  std::shared_ptr<Topic> topic;
  {
    const MutexLock lock(mutex_);
    if (closed_) return fail(Errc::exiting);
    const auto found = topics_.find(name);
    if (found != topics_.end()) return found->second;
    topic = make_topic(
        name, {.id = ++last_topic_, .durability = durability_, .awaits_channels = awaits_channels});
    topic->start(nullptr, {});
  }
  save(*topic);
  observer_.topic_created(*topic);
  return topic;
}

std::shared_ptr<Topic> Broker::find_topic(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Topic>> Broker::topics() const {
  std::vector<std::shared_ptr<Topic>> all;
  {
    const MutexLock lock(mutex_);
    all.reserve(topics_.size());
    for (const auto& [name, topic] : topics_) all.push_back(topic);
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a->name() < b->name(); });
  return all;
}

Result<std::shared_ptr<Channel>> Broker::get_or_create_channel(const std::shared_ptr<Topic>& topic,
                                                               const nsq::wire::ChannelName& name) {
  Effects effects;
  auto found = topic->get_or_create_channel(name, effects);
  effects.run();
  if (!found) return std::unexpected(std::move(found.error()));
  if (found->created) {
    if (!found->channel->ephemeral()) save(*topic);
    observer_.channel_created(*topic, *found->channel);
  }
  return std::move(found->channel);
}

bool Broker::delete_topic(std::string_view name) {
  std::shared_ptr<Topic> topic;
  {
    const MutexLock lock(mutex_);
    const auto found = topics_.find(name);
    if (found == topics_.end()) return false;
    topic = std::move(found->second);
    topics_.erase(found);
  }
  Effects effects;
  const auto channels = topic->exit(effects);
  effects.run();
  if (log_ && !topic->ephemeral()) log_->remove(*topic);
  for (const auto& channel : channels) observer_.channel_deleted(*topic, *channel);
  observer_.topic_deleted(*topic);
  return true;
}

bool Broker::delete_channel(const std::shared_ptr<Topic>& topic, std::string_view name) {
  Effects effects;
  const auto channel = topic->delete_channel(name, effects);
  effects.run();
  if (!channel) return false;
  channel_gone(topic, channel);
  return true;
}

Result<Broker::Subscription> Broker::subscribe(const nsq::wire::TopicName& topic_name,
                                               const nsq::wire::ChannelName& channel_name,
                                               const std::shared_ptr<Consumer>& consumer) {
  // Topic or channel may be deleted between being found and being used; then there is a new one.
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    auto topic = get_or_create_topic(topic_name);
    if (!topic) return std::unexpected(std::move(topic.error()));
    auto channel = get_or_create_channel(*topic, channel_name);
    if (!channel) continue;
    auto added = (*channel)->add(consumer);
    if (added) return Subscription{std::move(*topic), std::move(*channel)};
    if (added.error().code != Errc::exiting) return std::unexpected(std::move(added.error()));
  }
  return fail(Errc::exiting);
}

void Broker::unsubscribe(const Subscription& subscription,
                         const std::shared_ptr<Consumer>& consumer) {
  Effects effects;
  const bool unused = subscription.channel->remove(consumer, effects);
  const bool deleted =
      unused && subscription.topic->delete_if_unused(subscription.channel, effects);
  effects.run();
  if (deleted) channel_gone(subscription.topic, subscription.channel);
}

void Broker::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

/// Tells of a deleted channel; an ephemeral topic goes with its last one.
void Broker::channel_gone(const std::shared_ptr<Topic>& topic,
                          const std::shared_ptr<Channel>& channel) {
  if (!channel->ephemeral()) save(*topic);
  observer_.channel_deleted(*topic, *channel);
  if (!topic->ephemeral()) return;
  {
    const MutexLock lock(mutex_);
    const auto found = topics_.find(topic->name());
    if (found == topics_.end() || found->second != topic || !topic->exit_if_unused()) return;
    topics_.erase(found);
  }
  observer_.topic_deleted(*topic);
}

}  // namespace nsqd
