// What publishers and consumers do.

#include "tests/simulation/world.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/wire/message.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd::sim {

using nsq::Errc;
using nsq::Milliseconds;
using nsq::Nanoseconds;
using nsq::Seconds;

namespace {

constexpr std::size_t kTopics = 2;
constexpr std::size_t kMaxClients = 8;

/// Memory limits from none at all to such that nothing lags.
QueueLimits limits_for(std::uint64_t seed) {
  constexpr std::uint64_t kSizes[] = {0, 1, 4, 20, 10'000};
  constexpr std::uint64_t kBytes[] = {1, 600, 1 << 20, 16 << 20};
  QueueLimits limits;
  limits.mem_queue_size = kSizes[seed % 5];
  limits.mem_queue_bytes = kBytes[seed / 5 % 4];
  limits.max_msg_timeout = Seconds(20);
  limits.max_req_timeout = Seconds(30);
  return limits;
}

/// The number in a message's body, "topic:number:…".
Serial serial_in(std::string_view body) {
  const auto begin = body.find(':') + 1;
  Serial serial = 0;
  std::from_chars(body.data() + begin, body.data() + body.size(), serial);
  return serial;
}

}  // namespace

void expect(bool holds, const char* what) {
  if (!holds) throw Violation(what);
}

class World::Bell final : public Waker {
 public:
  void wake() noexcept override { rung = true; }
  bool rung = false;
};

bool World::Client::will_pull() const noexcept {
  return own_turn || bell->rung;
}

World::World(std::uint64_t seed, Faults faults)
    : faults_(faults),
      random_(seed),
      limits_(limits_for(seed)),
      now_{nsq::MonoTime(Seconds(1000)), nsq::WallTime(Seconds(1'700'000'000))},
      ground_(make_memory_ground(now_, faults.failures)),
      models_(kTopics) {
  open_broker();
  for (std::size_t i = 0; i < kTopics; ++i) {
    const auto name = nsq::wire::TopicName::parse("t" + std::to_string(i)).value();
    (void)broker_->get_or_create_topic(name).value();
  }
}

World::~World() {
  clients_.clear();
  ground_->crash();
}

void World::step() {
  ++steps_;
  struct Choice {
    std::uint64_t weight;
    void (World::*operation)();
  };
  static constexpr Choice kChoices[] = {
      {1800, &World::publish},      {400, &World::publish_deferred}, {40, &World::create_channel},
      {20, &World::delete_channel}, {120, &World::subscribe},        {80, &World::unsubscribe},
      {400, &World::set_ready},     {20, &World::close_consumer},    {3300, &World::pull_some},
      {150, &World::decline},       {3000, &World::answer},          {80, &World::pause_channel},
      {40, &World::pause_topic},    {20, &World::empty_channel},     {10, &World::empty_topic},
      {520, &World::pass_time},     {3, &World::delete_topic},       {10, &World::set_durability},
      {5000, &World::log_works},    {60, &World::save_cursors},      {40, &World::settle},
      {8, &World::restart},
  };
  static constexpr std::uint64_t kTotal = [] {
    std::uint64_t total = 0;
    for (const auto& choice : kChoices) total += choice.weight;
    return total;
  }();
  std::uint64_t at = below(kTotal);
  for (const auto& [weight, operation] : kChoices) {
    if (at < weight) {
      (this->*operation)();
      break;
    }
    at -= weight;
  }
  check_topic(touched_);
}

std::uint64_t World::below(std::uint64_t limit) {
  return random_() % limit;
}

World::Client* World::any_client() {
  if (clients_.empty()) return nullptr;
  Client* client = clients_[static_cast<std::size_t>(below(clients_.size()))].get();
  touched_ = client->topic;
  return client;
}

Nanoseconds World::any_delay() {
  return Milliseconds(1 + below(chance(10) ? 60'000 : 8'000));
}

std::string World::any_channel_name() {
  return std::string(1, static_cast<char>('a' + below(3)));
}

/// A message's body follows from where it was published.
std::string World::body(std::size_t topic, Serial serial) const {
  std::string text = std::to_string(topic) + ":" + std::to_string(serial) + ":";
  const std::uint64_t size = serial % 97 == 0 ? 9'000 : serial * 31 % 120;
  text.append(size, static_cast<char>('a' + serial % 26));
  return text;
}

std::shared_ptr<Topic> World::topic(std::size_t index) const {
  return broker_->find_topic("t" + std::to_string(index));
}

/// Most of the time little is published, so that consumers become hungry.
bool World::enough_published() const {
  constexpr std::uint64_t kPhase = 500;
  if (steps_ / kPhase % 4 == 0) return false;
  const auto& channels = models_[touched_].channels;
  return std::any_of(channels.begin(), channels.end(),
                     [](const auto& named) { return named.second.at_least_waiting() > 2; });
}

void World::publish() {
  touched_ = any_topic();
  if (enough_published()) return;
  ModelTopic& model = models_[touched_];
  const std::uint64_t count = chance(70) ? 1 : 1 + below(chance(5) ? 200 : 12);
  const Serial first = model.published.size();
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) texts.push_back(body(touched_, first + i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto journal = static_cast<std::size_t>(below(Ground::kJournals));
  const auto to = topic(touched_);
  Effects effects;
  const auto ticket = to->publish(views, ground_->journal(journal), now_, effects);
  effects.run();
  expect(ticket.has_value() || ground_->full(), "a publish failed");
  if (!ticket) return;
  const bool durable = *ticket != 0 && to->durability() != Durability::memory;
  for (std::uint64_t i = 0; i < count; ++i) {
    model.publish({.timestamp = nsq::unix_nanos(now_.wall)}, durable, Nanoseconds::zero(),
                  now_.mono);
  }
  await_commit(journal, *ticket, touched_, first, count);
}

void World::publish_deferred() {
  touched_ = any_topic();
  if (enough_published()) return;
  ModelTopic& model = models_[touched_];
  const Nanoseconds delay = any_delay();
  const Serial serial = model.published.size();
  const std::string text = body(touched_, serial);
  const auto journal = static_cast<std::size_t>(below(Ground::kJournals));
  const auto to = topic(touched_);
  Effects effects;
  const auto ticket = to->publish_deferred(text, delay, ground_->journal(journal), now_, effects);
  effects.run();
  expect(ticket.has_value() || ground_->full(), "a deferred publish failed");
  if (!ticket) return;
  const bool durable = *ticket != 0 && to->durability() != Durability::memory;
  model.publish({.timestamp = nsq::unix_nanos(now_.wall)}, durable, delay, now_.mono);
  await_commit(journal, *ticket, touched_, serial, 1);
}

void World::await_commit(std::size_t journal, Ticket ticket, std::size_t topic_index, Serial first,
                         std::uint64_t count) {
  using Fate = Published::Fate;
  auto& published = models_[topic_index].published;
  if (ticket == 0) {
    for (Serial i = first; i < first + count; ++i) published[i].fate = Fate::acknowledged;
    return;
  }
  ground_->journal(journal).when_committed(
      ticket, [this, topic_index, first, count](const nsq::Result<void>& result) {
        ModelTopic& model = models_[topic_index];
        for (Serial i = first; i < first + count; ++i) {
          model.published[i].fate = result ? Fate::acknowledged : Fate::failed;
          if (!result) model.doubt(i);
        }
      });
}

World::Client& World::enter_client(std::size_t topic_index, const std::string& channel) {
  auto client = std::make_unique<Client>();
  client->connection = ++last_connection_;
  client->topic = topic_index;
  client->channel_name = channel;
  client->msg_timeout = Seconds(1 + below(4) * 3);
  client->bell = std::make_shared<Bell>();
  client->consumer = std::make_shared<Consumer>(
      ConsumerOptions{.connection = client->connection, .msg_timeout = client->msg_timeout},
      client->bell);
  client->subscription =
      broker_
          ->subscribe(topic(topic_index)->name(), nsq::wire::ChannelName::parse(channel).value(),
                      client->consumer)
          .value();
  models_[topic_index].channels.try_emplace(channel);
  models_[topic_index].release();
  clients_.push_back(std::move(client));
  return *clients_.back();
}

void World::subscribe() {
  if (clients_.size() >= kMaxClients || ground_->full()) return;
  touched_ = any_topic();
  enter_client(touched_, any_channel_name());
}

void World::unsubscribe() {
  if (clients_.empty()) return;
  const auto index = static_cast<std::size_t>(below(clients_.size()));
  touched_ = clients_[index]->topic;
  leave(index);
}

void World::leave(std::size_t index) {
  Client& client = *clients_[index];
  broker_->unsubscribe(client.subscription, client.consumer);
  clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(index));
}

void World::set_ready() {
  Client* client = any_client();
  if (client == nullptr) return;
  const auto count = static_cast<std::int64_t>(chance(20) ? 0 : below(40));
  client->subscription.channel->set_ready(*client->consumer, count);
  if (!client->closing) client->ready = count;
  client->own_turn = true;
}

void World::close_consumer() {
  Client* client = any_client();
  if (client == nullptr) return;
  client->subscription.channel->close_consumer(*client->consumer);
  client->closing = true;
  client->ready = 0;
  client->own_turn = true;
}

void World::pull_some() {
  Client* client = any_client();
  if (client == nullptr) return;
  PullLimits limits;
  if (chance(20)) limits.messages = static_cast<std::uint32_t>(1 + below(5));
  if (chance(20)) limits.bytes = static_cast<std::uint32_t>(1 + below(500));
  pull(*client, limits);
}

PullResult World::pull(Client& client, PullLimits limits) {
  ModelChannel& model = model_of(client);
  auto& channel = *client.subscription.channel;
  const auto in_memory = [&] {
    const auto stats = channel.stats(false);
    return stats.depth - stats.backend_depth;
  };
  const bool may = !model.paused && client.has_room() && in_memory() > 0;
  const std::int64_t room = client.ready - client.in_flight;
  client.bell->rung = false;
  client.declined = false;
  std::vector<Run> runs;
  Effects effects;
  const PullResult result = channel.pull(client.consumer, now_, limits, runs, effects);
  effects.run();
  expect(!result.evicted, "evicted from a channel that is there");
  expect(result.messages > 0 || !may, "nothing was delivered");
  expect(result.messages == 0 || may, "delivered against the rules");
  expect(result.messages <= std::max<std::int64_t>(room, 0), "more in flight than RDY allows");
  expect(result.messages <= limits.messages, "more than the pull asked for");
  std::uint32_t count = 0;
  for (const Run& run : runs) {
    count += run.count;
    take_in(client, run);
  }
  expect(count == result.messages, "the pull miscounted");
  const bool more = !model.paused && client.has_room() && in_memory() > 0;
  expect(result.more == more, "the pull is wrong about there being more");
  client.own_turn = result.more;
  return result;
}

void World::take_in(Client& client, const Run& run) {
  std::string_view frames = run.frames();
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const std::uint32_t bytes = frame_bytes(frames.data());
    take_in_one(client, frames.substr(0, bytes), run.attempts);
    frames.remove_prefix(bytes);
  }
  expect(frames.empty(), "a run has bytes behind its messages");
}

void World::take_in_one(Client& client, std::string_view frame, std::uint16_t attempts) {
  ModelChannel& model = model_of(client);
  const auto message = nsq::wire::decode_message(frame.substr(8)).value();
  const Serial serial = serial_in(message.body);
  const auto found = model.messages().find(serial);
  expect(found != model.messages().end(), "a message that is gone was delivered");
  const Held& held = found->second;
  expect(held.place != Place::deferred, "a message was delivered before it was due");
  expect(held.place != Place::in_flight, "a message that is in flight was delivered again");
  expect(attempts <= held.attempts, "attempts out of nowhere");
  expect(attempts >= held.least_attempts, "attempts were forgotten");
  Published& published = models_[client.topic].published.at(serial);
  const std::uint64_t id = frame_id(frame.data());
  if (published.id == 0) published.id = id;
  expect(published.id == id, "an id changed");
  expect(published.timestamp == message.timestamp_ns, "a timestamp changed");
  expect(message.body == body(client.topic, serial), "a body changed");
  model.deliver(serial, attempts, client.connection, now_.mono, client.msg_timeout);
  ++client.in_flight;
}

void World::decline() {
  Client* client = any_client();
  if (client == nullptr || !client->will_pull()) return;
  Effects effects;
  client->subscription.channel->decline(*client->consumer, effects);
  effects.run();
  client->bell->rung = false;
  client->own_turn = false;
  client->declined = true;
}

void World::answer() {
  const Client* client = any_client();
  if (client == nullptr) return;
  ModelChannel& model = models_[client->topic].channels.at(client->channel_name);
  for (std::uint64_t i = 1 + below(12); i > 0 && !model.delivered.empty(); --i) {
    auto& picked = model.delivered[static_cast<std::size_t>(below(model.delivered.size()))];
    const Serial serial = picked;
    const Held* held = model.find_in_flight(serial);
    if (held == nullptr) {  // answered in vain this once, then forgotten
      picked = model.delivered.back();
      model.delivered.pop_back();
    }
    Client* const owner = held == nullptr ? nullptr : client_of(held->owner);
    answer_one(owner != nullptr && chance(90) ? *owner : *client_of(client->connection), serial);
  }
}

void World::answer_one(Client& client, Serial serial) {
  const std::uint64_t what = below(100);
  if (what < 80) {
    finish(client, serial);
  } else if (what < 92) {
    requeue(client, serial);
  } else {
    touch(client, serial);
  }
  if (!client.declined) client.own_turn = true;
}

/// The client of this connection, or null when it has left.
World::Client* World::client_of(std::uint64_t connection) {
  for (const auto& client : clients_) {
    if (client->connection == connection) return client.get();
  }
  return nullptr;
}

namespace {

/// What the broker should answer, 0 for yes.
int expected_answer(const ModelChannel& model, Serial serial, std::uint64_t connection) {
  const Held* held = model.find_in_flight(serial);
  if (held == nullptr) return static_cast<int>(Errc::not_in_flight);
  return held->owner == connection ? 0 : static_cast<int>(Errc::not_owner);
}

int code_of(const nsq::Result<void>& result) {
  return result ? 0 : result.error().code.value();
}

}  // namespace

void World::finish(Client& client, Serial serial) {
  ModelChannel& model = model_of(client);
  const auto id = nsq::wire::MessageId::from_number(models_[client.topic].published.at(serial).id);
  const int wanted = expected_answer(model, serial, client.connection);
  std::vector<AnswerFailure> failures;
  client.subscription.channel->finish(*client.consumer, {&id, 1}, failures);
  expect((failures.empty() ? 0 : static_cast<int>(failures[0].why)) == wanted, "wrong FIN answer");
  if (wanted != 0) return;
  model.finish(serial);
  --client.in_flight;
}

void World::requeue(Client& client, Serial serial) {
  ModelChannel& model = model_of(client);
  const Published& published = models_[client.topic].published.at(serial);
  const auto id = nsq::wire::MessageId::from_number(published.id);
  const int wanted = expected_answer(model, serial, client.connection);
  const Nanoseconds delay =
      chance(50) ? Nanoseconds::zero() : std::min(any_delay(), limits_.max_req_timeout);
  const auto journal = static_cast<std::size_t>(below(Ground::kJournals));
  const auto& [of, channel] = client.subscription;
  Effects effects;
  const auto result =
      of->requeue(*channel, *client.consumer, id, delay, ground_->journal(journal), now_, effects);
  effects.run();
  expect(code_of(result) == wanted, "wrong REQ answer");
  if (wanted != 0) return;
  --client.in_flight;
  const bool later = delay > Nanoseconds::zero();
  const auto deferral = model.requeue(serial, delay, now_.mono);
  if (!later) return;
  if (of->durability() == Durability::memory) {
    model.set_volatile(serial);
    return;
  }
  ground_->when_turn_committed(
      journal, [this, at = client.topic, name = client.channel_name, serial, deferral] {
        auto& channels = models_[at].channels;
        const auto found = channels.find(name);
        if (found != channels.end()) found->second.deferral_kept(serial, deferral);
      });
}

void World::touch(Client& client, Serial serial) {
  ModelChannel& model = model_of(client);
  const auto id = nsq::wire::MessageId::from_number(models_[client.topic].published.at(serial).id);
  const int wanted = expected_answer(model, serial, client.connection);
  const auto result = client.subscription.channel->touch(*client.consumer, id, now_);
  expect(code_of(result) == wanted, "wrong TOUCH answer");
  if (wanted != 0) return;
  const Held& held = model.messages().at(serial);
  model.touch(serial,
              std::min(now_.mono + client.msg_timeout, held.delivered + limits_.max_msg_timeout));
}

void World::pass_time() {
  touched_ = any_topic();
  advance(chance(50) ? Nanoseconds(Milliseconds(below(50)))
                     : Nanoseconds(Milliseconds(below(1500))));
}

void World::advance(Nanoseconds by) {
  now_.mono += by;
  now_.wall += by;
  expire_due();
}

void World::expire_due() {
  while (deadlines_.next() && *deadlines_.next() <= now_.mono) deadlines_.expire_due(now_);
  for (auto& model : models_) {
    model.expire(now_.mono);
    for (auto& [name, channel] : model.channels) {
      const auto owners = channel.expire(now_.mono);
      for (const auto& client : clients_) {
        const auto found = owners.find(client->connection);
        if (found != owners.end()) client->in_flight -= found->second;
      }
    }
  }
}

}  // namespace nsqd::sim
