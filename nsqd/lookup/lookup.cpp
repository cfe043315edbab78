#include "nsqd/lookup/lookup.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace nsqd {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

/// Changes that may wait for our own thread.
constexpr std::size_t kMaxPending = 100'000;

Change change_of(Change::Kind kind, const Topic& topic) {
  return {.kind = kind, .topic = topic.name().str()};
}

Change change_of(Change::Kind kind, const Topic& topic, const Channel& channel) {
  return {.kind = kind, .topic = topic.name().str(), .channel = std::string(channel.name())};
}

}  // namespace

Lookup::Lookup(asio::any_io_executor executor, LookupSettings settings, Broker& broker,
               std::function<std::vector<std::string>()> addresses, nsq::Logger log)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      broker_(broker),
      addresses_(std::move(addresses)),
      log_(std::move(log)),
      context_{settings_, broker_, log_,
               [this] { knows_http_.store(!http_addresses().empty(), std::memory_order_relaxed); }},
      preparer_(
          executor_, settings_, broker_, [this] { return http_addresses(); }, log_),
      inbox_(kMaxPending) {}

void Lookup::start() {
  configure();
}

void Lookup::close() {
  if (std::exchange(stopped_, true)) return;
  knows_http_.store(false, std::memory_order_relaxed);
  log_.info("LOOKUP: closing");
  for (const auto& peer : peers_) peer->cancel();
  preparer_.cancel();
}

awaitable<void> Lookup::wait() {
  co_await preparer_.wait();
  for (const auto& peer : peers_) co_await peer->wait();
  peers_.clear();
}

void Lookup::topic_created(const Topic& topic) {
  // One that awaits channels must be let go of, whatever was reconfigured since.
  if (configured() || topic.awaits_channels()) add(change_of(Change::Kind::created, topic));
}

void Lookup::topic_deleted(const Topic& topic) {
  if (configured()) add(change_of(Change::Kind::deleted, topic));
}

void Lookup::channel_created(const Topic& topic, const Channel& channel) {
  if (configured()) add(change_of(Change::Kind::created, topic, channel));
}

void Lookup::channel_deleted(const Topic& topic, const Channel& channel) {
  if (configured()) add(change_of(Change::Kind::deleted, topic, channel));
}

void Lookup::add(Change change) {
  if (inbox_.add(std::move(change))) asio::post(executor_, [this] { take_changes(); });
}

void Lookup::take_changes() {
  const auto taken = inbox_.take();
  if (stopped_) return;
  if (taken.overflowed) start_over();
  for (const auto& change : taken.changes) {
    const auto commands = commands_for(change, broker_);
    for (const auto& peer : peers_) peer->tell(commands);
    if (change.kind == Change::Kind::created && change.channel.empty()) prepare(change.topic);
  }
}

void Lookup::start_over() {
  for (const auto& peer : peers_) peer->tell_anew();
  for (const auto& topic : broker_.topics()) {
    if (topic->awaits_channels()) preparer_.prepare(topic);
  }
}

void Lookup::prepare(const std::string& name) {
  auto topic = broker_.find_topic(name);
  if (!topic) return;
  if (topic->awaits_channels()) {
    preparer_.prepare(std::move(topic));
  } else if (!peers_.empty()) {
    log_.error("no available nsqlookupd to query for channels to pre-create for topic {}", name);
  }
}

void Lookup::addresses_changed() {
  asio::post(executor_, [this] { configure(); });
}

void Lookup::configure() {
  if (stopped_) return;
  const auto wanted = addresses_();
  // Before anybody connects: who sees this too late changed the broker before that.
  configured_.store(!wanted.empty(), std::memory_order_relaxed);
  std::erase_if(peers_, [&](const auto& peer) {
    if (std::ranges::find(wanted, peer->address()) != wanted.end()) return false;
    log_.info("LOOKUP({}): removing peer", nsq::printable(peer->address()));
    peer->cancel();
    return true;
  });
  for (const auto& address : wanted) {
    if (std::ranges::find(peers_, address, &LookupPeer::address) != peers_.end()) continue;
    peers_.push_back(std::make_shared<LookupPeer>(executor_, address, context_));
    peers_.back()->start();
  }
  context_.on_info();
}

std::vector<LookupdHttp> Lookup::http_addresses() const {
  std::vector<LookupdHttp> known;
  for (const auto& peer : peers_) {
    const auto& info = peer->info();
    if (!info || info->broadcast_address.empty()) continue;
    if (!std::in_range<std::uint16_t>(info->http_port)) continue;
    known.push_back({info->broadcast_address, static_cast<std::uint16_t>(info->http_port)});
  }
  return known;
}

}  // namespace nsqd
