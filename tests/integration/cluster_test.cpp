// A cluster whose daemons are killed in turn, under load: nothing acknowledged is lost, and nothing
// comes again but what a kill explains.

#include "tests/integration/cluster.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/cluster_clients.hpp"
#include "tests/integration/cluster_ledger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/raw_client.hpp"

namespace nsq::test {
namespace {

const std::vector<std::string> kLiveChannels{"archive", "work"};
const std::string kLateChannel = "late";

// A publisher at each nsqd, one consumer of `archive`, two of `work`, and at the end one of `late`,
// where everything waits until then. Consumers go by the nsqlookupds; nobody tells them of an nsqd.
// The channels are there before the first message, so that each is owed every message.
class Load {
 public:
  Load(Cluster& cluster, std::string topic) : cluster_(cluster), topic_(std::move(topic)) {
    for (std::size_t i = 0; i < Cluster::kNsqds; ++i) {
      for (const auto& channel : kLiveChannels) cluster.nsqd(i).create(topic_, channel);
      cluster.nsqd(i).create(topic_, kLateChannel);
    }
    for (const char* channel : {"archive", "work", "work"}) consume(channel);
    for (std::size_t i = 0; i < Cluster::kNsqds; ++i) {
      publishers_.push_back(std::make_unique<LoadPublisher>(ledger_, port(i), topic_));
    }
  }

  ClusterLedger& ledger() { return ledger_; }
  const std::string& topic() const { return topic_; }

  // Waits until messages of every nsqd but `without` have been acknowledged, and have reached each
  // channel, since now.
  void await_progress(std::size_t without = Cluster::kNsqds) {
    constexpr std::size_t kSome = 100;
    for (std::size_t i = 0; i < Cluster::kNsqds; ++i) {
      if (i == without) continue;
      const std::size_t goal = ledger_.acknowledged_count(port(i)) + kSome;
      CAPTURE(i, without);
      REQUIRE(eventually([&] { return ledger_.acknowledged_count(port(i)) >= goal; }));
      for (const auto& channel : kLiveChannels) {
        CAPTURE(channel);
        REQUIRE(eventually([&] { return ledger_.received_count(channel, port(i)) >= goal; }));
      }
    }
  }

  // Kills an nsqd, sees that the others go on, and starts it again.
  void bounce_nsqd(std::size_t index) {
    cluster_.kill_nsqd(index);
    ledger_.killed(port(index));
    REQUIRE(cluster_.all_list(topic_, Cluster::kNsqds - 1));
    await_progress(index);
    ledger_.restarting(port(index));
    cluster_.start_nsqd(index);
    REQUIRE(cluster_.all_list(topic_, Cluster::kNsqds));
    await_progress();
  }

  // Ends the publishers, waits until everything has arrived, and judges.
  void finish() {
    publishers_.clear();
    consume(kLateChannel);
    for (const auto& channel : {std::string("archive"), std::string("work"), kLateChannel}) {
      CAPTURE(channel);
      CHECK(eventually([&] { return ledger_.lost(channel).empty(); }));
      for (std::size_t i = 0; i < Cluster::kNsqds; ++i) {
        CHECK(cluster_.nsqd(i).await_stat(topic_, channel, "depth", 0) == 0);
        CHECK(cluster_.nsqd(i).await_stat(topic_, channel, "in_flight_count", 0) == 0);
      }
    }
    consumers_.clear();
    CHECK(ledger_.violations() == std::vector<std::string>{});
  }

 private:
  void consume(const std::string& channel) {
    consumers_.push_back(std::make_unique<DiscoveringConsumer>(
        ledger_, cluster_.lookupd_http_ports(), topic_, channel));
  }

  std::uint16_t port(std::size_t index) { return cluster_.nsqd(index).tcp_port(); }

  Cluster& cluster_;
  std::string topic_;
  ClusterLedger ledger_;
  std::vector<std::unique_ptr<DiscoveringConsumer>> consumers_;
  std::vector<std::unique_ptr<LoadPublisher>> publishers_;
};

// A consumer that begins now finds the topic, which is made now too, on each of the nsqds.
void check_discovery(Cluster& cluster, const std::string& topic) {
  ClusterLedger ledger;
  const DiscoveringConsumer consumer(ledger, cluster.lookupd_http_ports(), topic, "new");
  for (std::size_t i = 0; i < Cluster::kNsqds; ++i) {
    const auto port = cluster.nsqd(i).tcp_port();
    CAPTURE(i);
    cluster.nsqd(i).publish(topic, "from " + std::to_string(i));
    CHECK(eventually([&] { return ledger.received_count("new", port) == 1; }));
  }
}

TEST_CASE("cluster: every daemon is killed in turn, under load", "[.slow][integration][cluster]") {
  Cluster cluster;
  Load load(cluster, "load");
  REQUIRE(cluster.all_list("load", Cluster::kNsqds));
  load.await_progress();

  for (std::size_t i = 0; i < Cluster::kLookupds; ++i) {
    CAPTURE(i);
    cluster.kill_lookupd(i);
    load.await_progress();
    check_discovery(cluster, "while_" + std::to_string(i) + "_was_away");
    cluster.start_lookupd(i);
    REQUIRE(cluster.all_list("load", Cluster::kNsqds));
    REQUIRE(cluster.all_list("while_" + std::to_string(i) + "_was_away", Cluster::kNsqds));
  }
  for (std::size_t i = 0; i < Cluster::kNsqds; ++i) load.bounce_nsqd(i);
  load.finish();
}

TEST_CASE("cluster: both nsqlookupds are away", "[integration][cluster]") {
  Cluster cluster;
  Load load(cluster, "load");
  load.await_progress();
  for (std::size_t i = 0; i < Cluster::kLookupds; ++i) cluster.kill_lookupd(i);
  load.await_progress();
  cluster.kill_nsqd(0);
  load.ledger().killed(cluster.nsqd(0).tcp_port());
  load.await_progress(0);
  load.ledger().restarting(cluster.nsqd(0).tcp_port());
  cluster.start_nsqd(0);  // consumers know where it was
  load.await_progress();
  for (std::size_t i = 0; i < Cluster::kLookupds; ++i) cluster.start_lookupd(i);
  REQUIRE(cluster.all_list("load", Cluster::kNsqds));
  check_discovery(cluster, "afterwards");
  load.finish();
}

// Accepts, and to whatever comes says something that no nsqlookupd would say.
class Babbler {
 public:
  Babbler()
      : port_(acceptor_.port()), thread_([this](const std::stop_token& stop) { babble(stop); }) {}
  ~Babbler() {
    thread_.request_stop();
    const Socket last = Socket::tcp(port_);  // ends the wait for the next connection
    thread_.join();
  }
  Babbler(const Babbler&) = delete;
  Babbler& operator=(const Babbler&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void babble(const std::stop_token& stop) {
    const std::vector<std::string> nonsense{"HTTP/1.1 400 Bad Request\r\n\r\n", be32(0x80000000),
                                            be32(64 << 20) + std::string(1 << 20, 'x'),
                                            be32(2) + "[]"};
    for (std::size_t i = 0;; ++i) {
      try {
        Socket socket = acceptor_.accept();
        if (stop.stop_requested()) return;
        socket.send(nonsense[i % nonsense.size()]);
      } catch (const std::runtime_error&) {  // nobody came, or nobody reads
        continue;
      }
    }
  }

  Acceptor acceptor_;
  std::uint16_t port_;
  std::jthread thread_;
};

TEST_CASE("cluster: one more nsqlookupd never answers, another sends garbage",
          "[integration][cluster]") {
  const Acceptor silent;  // the system accepts
  const Babbler babbler;
  Cluster cluster({silent.port(), babbler.port()});
  Load load(cluster, "load");
  REQUIRE(cluster.all_list("load", Cluster::kNsqds));
  load.await_progress();
  check_discovery(cluster, "another");
  load.bounce_nsqd(1);
  load.finish();
}

}  // namespace
}  // namespace nsq::test
