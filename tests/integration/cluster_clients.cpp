#include "tests/integration/cluster_clients.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "tests/support/simple_http.hpp"

namespace nsq::test {
namespace {

// Between two publishes, and between two rounds of questions: the machine has other work.
constexpr std::chrono::milliseconds kPause{3};
constexpr std::chrono::milliseconds kPollInterval{50};

client::Address local(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port};
}

template <class T>
T require(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(*result);
}

// The TCP ports of the topic's producers; nothing from an nsqlookupd that is away.
std::vector<std::uint16_t> look_up(std::uint16_t lookupd_http_port, const std::string& topic) {
  std::vector<std::uint16_t> ports;
  try {
    SimpleHttp http(Socket::tcp(lookupd_http_port));
    const auto answer = http.request("GET", "/lookup?topic=" + topic);
    if (answer.status != 200) return ports;
    const auto json = answer.json();
    for (const auto& producer : json.at("producers")) ports.push_back(producer.at("tcp_port"));
  } catch (const std::runtime_error&) {  // not listening, or killed within the answer
    return {};
  }
  return ports;
}

client::ConsumerSetup setup(const std::string& topic, const std::string& channel) {
  client::ConsumerSetup setup;
  setup.topic = topic;
  setup.channel = channel;
  setup.config.values.max_in_flight = 100;
  setup.config.values.max_attempts = 0;
  setup.config.values.reconnect_min = Milliseconds(20);
  setup.config.values.reconnect_max = Milliseconds(200);
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
                                         std::vector<std::uint16_t> lookupd_http_ports,
                                         std::string topic, std::string channel)
    : lookupds_(std::move(lookupd_http_ports)),
      topic_(std::move(topic)),
      consumer_(require(client::BlockingConsumer::create(setup(topic_, channel)))) {
  const auto handler = [&ledger, channel](const client::Message& message) -> Result<void> {
    ledger.received(channel, message.nsqd().port, message.body());
    return {};
  };
  if (auto added = consumer_->add_handler(handler); !added) {
    throw std::runtime_error(added.error().text());
  }
  discovery_ = std::jthread([this](const std::stop_token& stop) { discover(stop); });
}

DiscoveringConsumer::~DiscoveringConsumer() {
  discovery_.request_stop();
  discovery_.join();
  consumer_->stop();
  consumer_->wait();
}

void DiscoveringConsumer::discover(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const std::uint16_t lookupd : lookupds_) {
      for (const std::uint16_t nsqd : look_up(lookupd, topic_)) connect(nsqd);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

void DiscoveringConsumer::connect(std::uint16_t nsqd) {
  // In retry mode the address stays, and what goes wrong is tried again in the background.
  if (!known_.insert(nsqd).second) return;
  if (!consumer_->connect({local(nsqd)}, client::ConnectMode::retry)) known_.erase(nsqd);
}

}  // namespace nsq::test
