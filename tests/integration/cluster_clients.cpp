#include "tests/integration/cluster_clients.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace nsq::test {
namespace {

// Between two publishes: the machine has other work.
constexpr std::chrono::milliseconds kPause{3};

client::Address local(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port};
}

template <class T>
T require(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(*result);
}

void require(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().text());
}

client::ConsumerSetup setup(const std::string& topic, const std::string& channel) {
  client::ConsumerSetup setup;
  setup.topic = topic;
  setup.channel = channel;
  setup.config.values.max_in_flight = 100;
  setup.config.values.max_attempts = 0;
  setup.config.values.reconnect_min = Milliseconds(20);
  setup.config.values.reconnect_max = Milliseconds(200);
  setup.config.values.lookupd_poll_interval = Milliseconds(100);
  return setup;
}

}  // namespace

LoadPublisher::LoadPublisher(ClusterLedger& ledger, std::uint16_t nsqd, std::string topic)
    : ledger_(ledger),
      nsqd_(nsqd),
      topic_(std::move(topic)),
      producer_(require(client::BlockingProducer::create(local(nsqd), client::Config()))),
      thread_([this](const std::stop_token& stop) { publish(stop); }) {}

void LoadPublisher::publish(const std::stop_token& stop) {
  for (int number = 0; !stop.stop_requested(); ++number) {
    const std::string body = std::to_string(nsqd_) + " " + std::to_string(number);
    ledger_.publishing(nsqd_, body);
    if (producer_->publish(topic_, body)) ledger_.acknowledged(nsqd_, body);
    std::this_thread::sleep_for(kPause);
  }
}

DiscoveringConsumer::DiscoveringConsumer(ClusterLedger& ledger,
                                         const std::vector<std::uint16_t>& lookupd_http_ports,
                                         const std::string& topic, const std::string& channel)
    : consumer_(require(client::BlockingConsumer::create(setup(topic, channel)))) {
  const auto handler = [&ledger, channel](const client::Message& message) -> Result<void> {
    const auto& id = message.id().bytes;
    ledger.received(
        channel, message.nsqd().port, message.body(),
        std::string(id.begin(), id.end()) + " attempt " + std::to_string(message.attempts()));
    return {};
  };
  require(consumer_->add_handler(handler));
  std::vector<client::LookupdUrl> lookupds;
  for (const std::uint16_t port : lookupd_http_ports) {
    lookupds.push_back(require(client::LookupdUrl::parse("127.0.0.1:" + std::to_string(port))));
  }
  require(consumer_->connect_to_nsqlookupds(lookupds));
}

DiscoveringConsumer::~DiscoveringConsumer() {
  consumer_->stop();
  consumer_->wait();
}

}  // namespace nsq::test
