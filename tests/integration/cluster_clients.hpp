#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "clients/nsq/blocking.hpp"
#include "tests/integration/cluster_ledger.hpp"

namespace nsq::test {

/// Publishes numbered bodies to one nsqd, one at a time and each once, while it lives, and notes
/// them in the ledger. While the nsqd is away it goes on trying, with further bodies.
class LoadPublisher {
 public:
  LoadPublisher(ClusterLedger& ledger, std::uint16_t nsqd, std::string topic);

 private:
  void publish(const std::stop_token& stop);

  ClusterLedger& ledger_;
  std::uint16_t nsqd_;
  std::string topic_;
  std::unique_ptr<client::BlockingProducer> producer_;
  std::jthread thread_;  // last: ends before what it uses
};

/// A consumer of the client library that is connected to whatever nsqds the nsqlookupds list for
/// its topic, asked over HTTP again and again. Notes what it gets in the ledger, and finishes it.
class DiscoveringConsumer {
 public:
  DiscoveringConsumer(ClusterLedger& ledger, std::vector<std::uint16_t> lookupd_http_ports,
                      std::string topic, std::string channel);
  ~DiscoveringConsumer();
  DiscoveringConsumer(const DiscoveringConsumer&) = delete;
  DiscoveringConsumer& operator=(const DiscoveringConsumer&) = delete;

 private:
  void discover(const std::stop_token& stop);
  void connect(std::uint16_t nsqd);

  std::vector<std::uint16_t> lookupds_;
  std::string topic_;
  std::set<std::uint16_t> known_;
  std::unique_ptr<client::BlockingConsumer> consumer_;
  std::jthread discovery_;  // last: ends before what it uses
};

}  // namespace nsq::test
