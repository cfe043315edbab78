#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"
#include "common/base/result.hpp"
#include "common/wire/names.hpp"
#include "nsqd/queue/topic.hpp"

namespace nsqd {

/// Is told what comes and goes. Called without any lock of the broker, on the thread that caused
/// it; the object may be gone again by then.
class BrokerObserver {
 public:
  virtual ~BrokerObserver() = default;
  /// Whether a topic that is about to be created is to keep what is published to it until
  /// Topic::channels_prepared(). Who says so must see to it that this is called once
  /// topic_created() was.
  virtual bool prepares_channels() const { return false; }
  virtual void topic_created(const Topic& topic) = 0;
  virtual void topic_deleted(const Topic& topic) = 0;
  virtual void channel_created(const Topic& topic, const Channel& channel) = 0;
  virtual void channel_deleted(const Topic& topic, const Channel& channel) = 0;
};

/// All topics of the process, and what spans several objects: subscribing, and the end of what is
/// ephemeral. Threads: a monitor, callable from any; the first in the lock order.
class Broker {
 public:
  /// @param deadlines, observer, log  must outlive the broker. Without a log, everything lives in
  ///                                  memory only.
  Broker(QueueLimits limits, std::uint32_t node, DeadlineIndex& deadlines, BrokerObserver& observer,
         Log* log = nullptr, Durability durability = Durability::disk);

  /// Goes on with a topic that the log has. Before anything else happens.
  void restore(const TopicImage& image, nsq::Now now) NSQ_EXCLUDES(mutex_);

  /// The topic, created if need be; Errc::exiting once close() was called.
  nsq::Result<std::shared_ptr<Topic>> get_or_create_topic(const nsq::wire::TopicName& name)
      NSQ_EXCLUDES(mutex_);

  /// The topic of this name, or null.
  std::shared_ptr<Topic> find_topic(std::string_view name) const NSQ_EXCLUDES(mutex_);

  /// All topics, by name.
  std::vector<std::shared_ptr<Topic>> topics() const NSQ_EXCLUDES(mutex_);

  /// The channel, created if need be, as get_or_create_topic.
  nsq::Result<std::shared_ptr<Channel>> get_or_create_channel(const std::shared_ptr<Topic>& topic,
                                                              const nsq::wire::ChannelName& name);

  /// Something about the topic or its channels was set: writes it down.
  void save(Topic& topic);

  /// Deletes with everything inside, closing the consumers. false: there is none of this name.
  bool delete_topic(std::string_view name);
  bool delete_channel(const std::shared_ptr<Topic>& topic, std::string_view name);

  struct Subscription {
    std::shared_ptr<Topic> topic;
    std::shared_ptr<Channel> channel;
  };
  /// Creates topic and channel if need be, then enters the consumer. Errc::too_many_consumers;
  /// Errc::exiting when they were deleted again and again meanwhile, or the broker is closed.
  nsq::Result<Subscription> subscribe(const nsq::wire::TopicName& topic,
                                      const nsq::wire::ChannelName& channel,
                                      const std::shared_ptr<Consumer>& consumer);

  /// The consumer's connection ended. Deletes an ephemeral channel that is now unused, and an
  /// ephemeral topic that thereby lost its last channel.
  void unsubscribe(const Subscription& subscription, const std::shared_ptr<Consumer>& consumer);

  /// Refuses everything new from now on.
  void close() NSQ_EXCLUDES(mutex_);

 private:
  using Topics = boost::unordered_flat_map<nsq::wire::TopicName, std::shared_ptr<Topic>,
                                           nsq::wire::NameHash, nsq::wire::NameEqual>;

  std::shared_ptr<Topic> make_topic(const nsq::wire::TopicName& name, Topic::Setup setup)
      NSQ_REQUIRES(mutex_);
  void channel_gone(const std::shared_ptr<Topic>& topic, const std::shared_ptr<Channel>& channel);

  const QueueLimits limits_;
  const std::uint32_t node_;
  DeadlineIndex& deadlines_;
  BrokerObserver& observer_;
  Log* const log_;               // null: none
  const Durability durability_;  // of new topics

  mutable nsq::Mutex mutex_;  // order: Broker, Topic, Channel, DeadlineIndex
  Topics topics_ NSQ_GUARDED_BY(mutex_);
  std::uint32_t last_topic_ NSQ_GUARDED_BY(mutex_) = 0;  // the last number given to a topic
  bool closed_ NSQ_GUARDED_BY(mutex_) = false;
};

}  // namespace nsqd
