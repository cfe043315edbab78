#include "tests/simulation/world.hpp"

#include <algorithm>
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
constexpr std::uint64_t kMaxBacklog = 400;  // of a channel, before it is emptied for speed's sake

void expect(bool holds, const char* what) {
  if (!holds) throw Violation(what);
}

}  // namespace

class World::Bell final : public Waker {
 public:
  void wake() noexcept override { rung = true; }
  bool rung = false;
};

bool World::Client::will_pull() const noexcept {
  return own_turn || bell->rung;
}

World::World(std::uint64_t seed)
    : random_(seed),
      limits_{.max_msg_timeout = Seconds(20), .max_req_timeout = Seconds(30)},
      now_{nsq::MonoTime(Seconds(1000)), nsq::WallTime(Seconds(1'700'000'000))},
      broker_(limits_, 3, deadlines_, observer_),
      models_(kTopics) {
  for (std::size_t i = 0; i < kTopics; ++i) {
    const auto name = nsq::wire::TopicName::parse("t" + std::to_string(i)).value();
    (void)broker_.get_or_create_topic(name).value();
  }
}

void World::step() {
  ++steps_;
  struct Choice {
    std::uint64_t weight;
    void (World::*operation)();
  };
  static constexpr Choice kChoices[] = {
      {180, &World::publish},      {40, &World::publish_deferred}, {4, &World::create_channel},
      {2, &World::delete_channel}, {12, &World::subscribe},        {8, &World::unsubscribe},
      {40, &World::set_ready},     {2, &World::close_consumer},    {330, &World::pull_some},
      {15, &World::decline},       {300, &World::answer},          {8, &World::pause_channel},
      {4, &World::pause_topic},    {2, &World::empty_channel},     {1, &World::empty_topic},
      {52, &World::pass_time},
  };
  constexpr std::uint64_t kTotal = 1000;
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
std::string World::body(std::size_t topic, Offset offset) const {
  std::string text = std::to_string(topic) + ":" + std::to_string(offset) + ":";
  const std::uint64_t size = offset % 97 == 0 ? 9'000 : offset * 31 % 120;
  text.append(size, static_cast<char>('a' + offset % 26));
  return text;
}

std::shared_ptr<Topic> World::topic(std::size_t index) const {
  return broker_.find_topic("t" + std::to_string(index));
}

/// Most of the time little is published, so that consumers become hungry.
bool World::enough_published() const {
  constexpr std::uint64_t kPhase = 500;
  if (steps_ / kPhase % 4 == 0) return false;
  const auto& channels = models_[touched_].channels;
  return std::any_of(channels.begin(), channels.end(),
                     [](const auto& named) { return named.second.waiting > 2; });
}

void World::publish() {
  touched_ = any_topic();
  if (enough_published()) return;
  ModelTopic& model = models_[touched_];
  const std::uint64_t count = chance(70) ? 1 : 1 + below(chance(5) ? 200 : 12);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    texts.push_back(body(touched_, model.published.size() + i));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Effects effects;
  expect(topic(touched_)->publish(views, log_, now_, effects).has_value(), "a publish failed");
  effects.run();
  for (std::uint64_t i = 0; i < count; ++i) {
    model.publish(nsq::unix_nanos(now_.wall), Nanoseconds::zero(), now_.mono);
  }
}

void World::publish_deferred() {
  touched_ = any_topic();
  if (enough_published()) return;
  ModelTopic& model = models_[touched_];
  const Nanoseconds delay = any_delay();
  const std::string text = body(touched_, model.published.size());
  Effects effects;
  expect(topic(touched_)->publish_deferred(text, delay, log_, now_, effects).has_value(),
         "a deferred publish failed");
  effects.run();
  model.publish(nsq::unix_nanos(now_.wall), delay, now_.mono);
}

void World::create_channel() {
  touched_ = any_topic();
  const std::string name = any_channel_name();
  const auto checked = nsq::wire::ChannelName::parse(name).value();
  (void)broker_.get_or_create_channel(topic(touched_), checked, now_).value();
  models_[touched_].channels.try_emplace(name);
  models_[touched_].release(now_.mono);
}

void World::delete_channel() {
  touched_ = any_topic();
  const std::string name = any_channel_name();
  const bool there = models_[touched_].channels.erase(name) > 0;
  expect(broker_.delete_channel(topic(touched_), name) == there, "deleted another channel");
  if (there) evict(touched_, name);
}

void World::evict(std::size_t topic_index, const std::string& channel) {
  for (std::size_t i = clients_.size(); i-- > 0;) {
    Client& client = *clients_[i];
    if (client.topic != topic_index || client.channel_name != channel) continue;
    expect(client.bell->rung, "an evicted consumer was not woken");
    std::vector<Run> runs;
    Effects effects;
    const auto result = client.subscription.channel->pull(client.consumer, now_, {}, runs, effects);
    expect(result.evicted && runs.empty(), "an evicted consumer was not told so");
    leave(i);
  }
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
          .subscribe(topic(topic_index)->name(), nsq::wire::ChannelName::parse(channel).value(),
                     client->consumer, now_)
          .value();
  models_[topic_index].channels.try_emplace(channel);
  models_[topic_index].release(now_.mono);
  clients_.push_back(std::move(client));
  return *clients_.back();
}

void World::subscribe() {
  if (clients_.size() >= kMaxClients) return;
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
  broker_.unsubscribe(client.subscription, client.consumer);
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
  const bool may = !model.paused && client.has_room() && model.waiting > 0;
  const std::int64_t room = client.ready - client.in_flight;
  client.bell->rung = false;
  client.declined = false;
  std::vector<Run> runs;
  Effects effects;
  const PullResult result =
      client.subscription.channel->pull(client.consumer, now_, limits, runs, effects);
  effects.run();
  expect(!result.evicted, "evicted from a channel that is there");
  expect((result.messages > 0) == may,
         may ? "nothing was delivered" : "delivered against the rules");
  expect(!may || result.messages <= room, "more in flight than RDY allows");
  expect(result.messages <= limits.messages, "more than the pull asked for");
  std::uint32_t count = 0;
  for (const Run& run : runs) {
    count += run.count;
    take_in(client, run);
  }
  expect(count == result.messages, "the pull miscounted");
  const bool more = !model.paused && client.has_room() && model.waiting > 0;
  expect(result.more == more, "the pull is wrong about there being more");
  client.own_turn = result.more;
  return result;
}

void World::take_in(Client& client, const Run& run) {
  ModelChannel& model = model_of(client);
  std::string_view frames = run.frames();
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const std::uint32_t bytes = frame_bytes(frames.data());
    const auto message = nsq::wire::decode_message(frames.substr(8, bytes - 8)).value();
    const Offset offset = run.first + i;
    const auto held = model.messages.find(offset);
    expect(held != model.messages.end(), "a message that is gone was delivered");
    expect(held->second.place == Place::waiting, "a message that does not wait was delivered");
    expect(held->second.attempts == run.attempts, "wrong attempts");
    Published& published = models_[client.topic].published.at(offset);
    const std::uint64_t id = frame_id(frames.data());
    if (published.id == 0) published.id = id;
    expect(published.id == id, "an id changed");
    expect(published.timestamp == message.timestamp_ns, "a timestamp changed");
    expect(message.body == body(client.topic, offset), "a body changed");
    model.deliver(offset, client.connection, now_.mono, client.msg_timeout);
    ++client.in_flight;
    frames.remove_prefix(bytes);
  }
  expect(frames.empty(), "a run has bytes behind its messages");
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
    const Offset offset = picked;
    const Held* held = model.find_in_flight(offset);
    if (held == nullptr) {  // answered in vain this once, then forgotten
      picked = model.delivered.back();
      model.delivered.pop_back();
    }
    Client* const owner = held == nullptr ? nullptr : client_of(held->owner);
    answer_one(owner != nullptr && chance(90) ? *owner : *client_of(client->connection), offset);
  }
}

void World::answer_one(Client& client, Offset offset) {
  const std::uint64_t what = below(100);
  if (what < 80) {
    finish(client, offset);
  } else if (what < 92) {
    requeue(client, offset);
  } else {
    touch(client, offset);
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
int expected_answer(const ModelChannel& model, Offset offset, std::uint64_t connection) {
  const Held* held = model.find_in_flight(offset);
  if (held == nullptr) return static_cast<int>(Errc::not_in_flight);
  return held->owner == connection ? 0 : static_cast<int>(Errc::not_owner);
}

int code_of(const nsq::Result<void>& result) {
  return result ? 0 : result.error().code.value();
}

}  // namespace

void World::finish(Client& client, Offset offset) {
  ModelChannel& model = model_of(client);
  const auto id = nsq::wire::MessageId::from_number(models_[client.topic].published.at(offset).id);
  const int wanted = expected_answer(model, offset, client.connection);
  std::vector<AnswerFailure> failures;
  client.subscription.channel->finish(*client.consumer, {&id, 1}, failures);
  expect((failures.empty() ? 0 : static_cast<int>(failures[0].why)) == wanted, "wrong FIN answer");
  if (wanted != 0) return;
  model.finish(offset);
  --client.in_flight;
}

void World::requeue(Client& client, Offset offset) {
  ModelChannel& model = model_of(client);
  const auto id = nsq::wire::MessageId::from_number(models_[client.topic].published.at(offset).id);
  const int wanted = expected_answer(model, offset, client.connection);
  const Nanoseconds delay = chance(50) ? Nanoseconds::zero() : any_delay();
  Effects effects;
  const auto result =
      client.subscription.channel->requeue(*client.consumer, id, delay, now_, effects);
  effects.run();
  expect(code_of(result) == wanted, "wrong REQ answer");
  if (wanted != 0) return;
  model.requeue(offset, std::min(delay, limits_.max_req_timeout), now_.mono);
  --client.in_flight;
}

void World::touch(Client& client, Offset offset) {
  ModelChannel& model = model_of(client);
  const auto id = nsq::wire::MessageId::from_number(models_[client.topic].published.at(offset).id);
  const int wanted = expected_answer(model, offset, client.connection);
  const auto result = client.subscription.channel->touch(*client.consumer, id, now_);
  expect(code_of(result) == wanted, "wrong TOUCH answer");
  if (wanted != 0) return;
  Held& held = model.messages.at(offset);
  held.when = std::min(now_.mono + client.msg_timeout, held.delivered + limits_.max_msg_timeout);
}

void World::pause_channel() {
  touched_ = any_topic();
  const std::string name = any_channel_name();
  const auto channel = topic(touched_)->find_channel(name);
  if (!channel) return;
  const bool paused = chance(30);
  Effects effects;
  channel->pause(paused, effects);
  effects.run();
  models_[touched_].channels.at(name).paused = paused;
}

void World::pause_topic() {
  touched_ = any_topic();
  const bool paused = chance(30);
  Effects effects;
  topic(touched_)->pause(paused, now_, effects);
  effects.run();
  models_[touched_].paused = paused;
  models_[touched_].release(now_.mono);
}

void World::empty_channel() {
  touched_ = any_topic();
  for (auto& [name, model] : models_[touched_].channels) {
    if (model.messages.size() < kMaxBacklog && !chance(20)) continue;
    Effects effects;
    topic(touched_)->find_channel(name)->empty(effects);
    effects.run();
    model.empty();
    for (const auto& client : clients_) {
      if (client->topic == touched_ && client->channel_name == name) client->in_flight = 0;
    }
  }
}

void World::empty_topic() {
  touched_ = any_topic();
  topic(touched_)->empty();
  models_[touched_].held.clear();
  models_[touched_].held_deferred.clear();
}

void World::pass_time() {
  touched_ = any_topic();
  advance(chance(50) ? Nanoseconds(Milliseconds(below(50)))
                     : Nanoseconds(Milliseconds(below(1500))));
}

void World::advance(Nanoseconds by) {
  now_.mono += by;
  now_.wall += by;
  while (deadlines_.next() && *deadlines_.next() <= now_.mono) deadlines_.expire_due(now_);
  for (auto& model : models_) {
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
