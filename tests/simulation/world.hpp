#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "nsqd/queue/broker.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "tests/simulation/ground.hpp"
#include "tests/simulation/model.hpp"

namespace nsqd::sim {

/// The broker did something else than the model.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws a Violation unless it holds.
void expect(bool holds, const char* what);

/// What happens besides commits that end in any order, and reads that are late.
struct Faults {
  bool failures = false;  ///< commits fail, and the disk is full
  bool restarts = false;  ///< the process crashes, or is stopped and started
};

/// A broker on a log, and their model, to both of which the same is done. Deterministic: everything
/// follows from the seed. Not thread-safe.
class World {
 public:
  World(std::uint64_t seed, Faults faults);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// One random operation, then a comparison of what it touched. Throws Violation.
  void step();

  /// Compares everything. Throws Violation.
  void check_all();

  /// Lets everything go on, consumes all there is, and compares. Throws Violation.
  void drain();

 private:
  class Bell;

  /// A connection that consumes.
  struct Client {
    std::uint64_t connection = 0;
    std::size_t topic = 0;
    std::string channel_name;
    nsq::Nanoseconds msg_timeout{};
    std::int64_t ready = 0;
    std::int64_t in_flight = 0;
    bool closing = false;
    bool own_turn = false;  ///< will pull by itself: it sent a command, or was told there is more
    bool declined = false;  ///< its socket takes nothing
    std::shared_ptr<Bell> bell;
    std::shared_ptr<Consumer> consumer;
    Broker::Subscription subscription;

    bool has_room() const noexcept { return !closing && in_flight < ready; }
    bool will_pull() const noexcept;
  };

  class Silent final : public BrokerObserver {
    void topic_created(const Topic& /*topic*/) override {}
    void topic_deleted(const Topic& /*topic*/) override {}
    void channel_created(const Topic& /*topic*/, const Channel& /*channel*/) override {}
    void channel_deleted(const Topic& /*topic*/, const Channel& /*channel*/) override {}
  };

  // The operations: of publishers and consumers,
  void publish();
  void publish_deferred();
  void subscribe();
  void unsubscribe();
  void set_ready();
  void close_consumer();
  void pull_some();
  void decline();
  void answer();
  void pass_time();
  // of operators,
  void create_channel();
  void delete_channel();
  void delete_topic();
  void pause_channel();
  void pause_topic();
  void empty_channel();
  void empty_topic();
  void set_durability();
  // and of the machine.
  void log_works();
  void save_cursors();
  void settle();
  void restart();

  std::uint64_t below(std::uint64_t limit);
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  std::size_t any_topic() { return static_cast<std::size_t>(below(models_.size())); }
  Client* any_client();
  Client* client_of(std::uint64_t connection);
  bool enough_published() const;
  nsq::Nanoseconds any_delay();
  std::string any_channel_name();

  std::string body(std::size_t topic, Serial serial) const;
  void await_commit(std::size_t journal, Ticket ticket, std::size_t topic, Serial first,
                    std::uint64_t count);
  Client& enter_client(std::size_t topic, const std::string& channel);
  void leave(std::size_t index);
  PullResult pull(Client& client, PullLimits limits);
  void take_in(Client& client, const Run& run);
  void take_in_one(Client& client, std::string_view frame, std::uint16_t attempts);
  void answer_one(Client& client, Serial serial);
  void finish(Client& client, Serial serial);
  void requeue(Client& client, Serial serial);
  void touch(Client& client, Serial serial);
  void advance(nsq::Nanoseconds by);
  void expire_due();
  void evict(std::size_t topic, const std::string& channel);
  void open_broker();
  void settle_ground();
  void save(std::size_t topic);
  bool finish_all_of(Client& client);

  ModelChannel& model_of(const Client& client) {
    return models_[client.topic].channels.at(client.channel_name);
  }
  std::shared_ptr<Topic> topic(std::size_t index) const;

  void check_topic(std::size_t index);
  void check_channel(std::size_t topic, const std::string& name);
  void check_consumers(std::size_t topic, const std::string& name, const ChannelStats& stats) const;
  void check_nobody_waits_in_vain(std::size_t topic, const std::string& name,
                                  const ChannelStats& stats) const;

  const Faults faults_;
  std::mt19937_64 random_;
  QueueLimits limits_;
  nsq::Now now_;
  Silent observer_;
  DeadlineIndex deadlines_;
  std::unique_ptr<Ground> ground_;
  std::unique_ptr<Broker> broker_;
  std::vector<ModelTopic> models_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::uint64_t last_connection_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t touched_ = 0;  // the topic that the last operation was about
};

}  // namespace nsqd::sim
