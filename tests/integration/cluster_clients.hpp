#pragma once

#include <cstdint>
#include <memory>
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

/// A consumer that finds its nsqds through the nsqlookupds. Notes what it gets in the ledger, and
/// finishes it.
class DiscoveringConsumer {
 public:
  DiscoveringConsumer(ClusterLedger& ledger, const std::vector<std::uint16_t>& lookupd_http_ports,
                      const std::string& topic, const std::string& channel);
  ~DiscoveringConsumer();
  DiscoveringConsumer(const DiscoveringConsumer&) = delete;
  DiscoveringConsumer& operator=(const DiscoveringConsumer&) = delete;

 private:
  std::unique_ptr<client::BlockingConsumer> consumer_;
};

}  // namespace nsq::test
