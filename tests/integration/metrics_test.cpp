// What nsqd tells those who watch it: statsd, /metrics, /health, percentiles, log format.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/daemons.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nsqlookupd.hpp"
#include "tests/support/temp_dir.hpp"

namespace nsq::test {
namespace {

/// A UDP port of 127.0.0.1 where statsd would listen.
class StatsdPort {
 public:
  StatsdPort() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~StatsdPort() { ::close(fd_); }
  StatsdPort(const StatsdPort&) = delete;
  StatsdPort& operator=(const StatsdPort&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// The next datagram; fails when none comes.
  std::string receive() {
    pollfd waiting{fd_, POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 20'000) == 1);
    std::string datagram(65'536, '\0');
    const auto size = ::recv(fd_, datagram.data(), datagram.size(), 0);
    REQUIRE(size > 0);
    datagram.resize(static_cast<std::size_t>(size));
    return datagram;
  }

  /// Datagrams until one has `line`; each is checked to be at most `limit` bytes of whole lines.
  void receive_until(const std::string& line, std::size_t limit) {
    for (int i = 0; i < 1000; ++i) {
      const auto datagram = receive();
      CHECK(datagram.size() <= limit);
      CHECK(datagram.ends_with('\n'));
      if (datagram.find(line) != datagram.npos) return;
    }
    FAIL("never came: " << line);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// The value of a sample without regard to others; -1 if there is none.
double sample(const std::string& text, const std::string& series) {
  const auto at = text.find("\n" + series + " ");
  return at == text.npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

TEST_CASE("10.9/124 statsd gets deltas, line by line, within the packet size", "[integration]") {
  StatsdPort statsd;
  Nsqd nsqd({"--statsd-address=" + statsd.address(), "--statsd-interval=100ms",
             "--statsd-prefix=here.%s", "--broadcast-address=b.example",
             "--statsd-udp-packet-size=120", "--statsd-exclude-ephemeral"});
  nsqd.process().wait_for_line("STATSD: pushing stats to " + statsd.address());
  nsqd.create("gone#ephemeral", "c");
  nsqd.create("t", "c");
  const std::string host = "here.b_example_" + std::to_string(nsqd.http_port()) + ".";
  statsd.receive_until(host + "topic.t.message_count:0|c\n", 120);
  nsqd.publish("t", "12345");
  statsd.receive_until(host + "topic.t.message_bytes:5|c\n", 120);
  statsd.receive_until(host + "topic.t.message_bytes:0|c\n", 120);
  statsd.receive_until(host + "topic.t.channel.c.depth:1|g\n", 120);
  statsd.receive_until(host + "mem.gc_runs:0|c\n", 120);
  CHECK(nsqd.process().stop() == exited(0));
}

TEST_CASE("8 a statsd that cannot be reached is an error in the log, again each time",
          "[integration]") {
  Nsqd nsqd({"--statsd-address=no.such.host.invalid:8125", "--statsd-interval=50ms"});
  nsqd.process().wait_for_line("ERROR: STATSD: failed to create UDP socket");
  CHECK(nsqd.get("/ping").body == "OK");
}

TEST_CASE("5.14 percentiles are of the messages finished, a topic's of all its channels",
          "[integration]") {
  Nsqd nsqd({"--e2e-processing-latency-percentile=0.5,1.0"});
  for (const std::string channel : {"a", "b"}) {
    RawClient client = nsqd.consumer("t", channel);
    if (channel == "a") nsqd.create("t", "b");
    if (channel == "a") nsqd.publish("t", "x");
    client.send(rdy(1));
    client.send(fin(client.read_message().id));
    REQUIRE(client.marker() == ok());
  }
  const auto topic = nsqd.stats("&topic=t").at("topics").at(0);
  const auto& latency = topic.at("e2e_processing_latency");
  CHECK(latency.at("count") == 2);
  CHECK(latency.at("percentiles").at(0).at("quantile") == 0.5);
  CHECK(latency.at("percentiles").at(1).at("value") > 0);
  const auto& of_channel = topic.at("channels").at(0).at("e2e_processing_latency");
  CHECK(of_channel.at("count") == 1);
  CHECK(of_channel.at("percentiles").at(0).at("value") ==
        of_channel.at("percentiles").at(1).at("value"));
}

TEST_CASE("/metrics counts what happens", "[integration]") {
  Nsqd nsqd;
  RawClient client = nsqd.consumer("t", "c");
  REQUIRE(client.ask(pub("t", "12345")) == ok());
  client.send(rdy(1));
  client.send(fin(client.read_message().id));
  CHECK(client.ask(fin("0123456789abcdef")).data.starts_with("E_FIN_FAILED"));
  const HttpResponse response = nsqd.get("/metrics");
  CHECK(response.status == 200);
  CHECK(response.header("content-type") == "text/plain; version=0.0.4; charset=utf-8");
  const std::string& text = response.body;
  CHECK(sample(text, R"(nsqd_topic_messages_total{topic="t"})") == 1);
  CHECK(sample(text, R"(nsqd_topic_message_bytes_total{topic="t"})") == 5);
  CHECK(sample(text, R"(nsqd_channel_finished_total{topic="t",channel="c"})") == 1);
  CHECK(sample(text, R"(nsqd_channel_delivered_total{topic="t",channel="c"})") == 1);
  CHECK(sample(text, R"(nsqd_channel_consumers{topic="t",channel="c"})") == 1);
  CHECK(sample(text, R"(nsqd_channel_oldest_message_age_seconds{topic="t",channel="c"})") == 0);
  CHECK(sample(text, R"(nsqd_protocol_errors_total{code="E_FIN_FAILED"})") == 1);
  CHECK(sample(text, "nsqd_publish_latency_seconds_count") == 1);
  CHECK(sample(text, "nsqd_end_to_end_latency_seconds_count") == 1);
  CHECK(sample(text, "nsqd_commit_latency_seconds_count") >= 1);
  CHECK(sample(text, "nsqd_connections") == 1);
  CHECK(sample(text, "nsqd_storage_writable") == 1);
  CHECK(sample(text, "nsqd_storage_damages_total") == 0);
  CHECK(sample(text, R"(nsqd_storage_memtable_bytes{family="log"})") > 0);
  CHECK(sample(text, "nsqd_disk_free_bytes") > 0);
  CHECK(sample(text, "process_resident_memory_bytes") > 0);
  CHECK(text.find("nsqd_client_") == text.npos);
}

TEST_CASE("/metrics shows how old is what lies on the disk only", "[integration]") {
  constexpr const char* kAge = R"(nsqd_channel_oldest_message_age_seconds{topic="t",channel="c"})";
  Nsqd nsqd;
  nsqd.create("t", "c");
  nsqd.create("t", "none");
  REQUIRE(nsqd.post("/channel/pause?topic=t&channel=c").status == 200);
  nsqd.publish("t", "m");
  REQUIRE(nsqd.post("/channel/empty?topic=t&channel=none").status == 200);
  CHECK(nsqd.process().stop() == exited(0));
  nsqd.start_again();
  REQUIRE(nsqd.stat("t", "c", "backend_depth") == 1);
  std::string text;
  CHECK(eventually([&] {
    text = nsqd.get("/metrics").body;
    return text.find(kAge) != text.npos;
  }));
  CHECK(sample(text, kAge) > 0);
  CHECK(sample(text, R"(nsqd_channel_oldest_message_age_seconds{topic="t",channel="none"})") == 0);
  CHECK(nsqd.stat("t", "c", "backend_depth") == 1);  // it was only looked at
}

TEST_CASE("/metrics has series of clients when asked for", "[integration]") {
  Nsqd nsqd({"--metrics-per-client"});
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"client_id":"a\"b"})")) == ok());
  REQUIRE(client.subscribe("t", "c") == ok());
  const auto text = nsqd.get("/metrics").body;
  CHECK(text.find(R"(nsqd_client_ready{topic="t",channel="c",client_id="a\"b",address="127.)") !=
        text.npos);
}

TEST_CASE("promtool finds nothing to say about /metrics", "[integration]") {
  if (std::system("command -v promtool >/dev/null") != 0) {
    WARN("promtool is not installed");
    return;
  }
  Nsqd nsqd({"--metrics-per-client", "--e2e-processing-latency-percentile=0.5"});
  const Nsqlookupd lookupd;
  const RawClient client = nsqd.consumer("t", "c");
  const TempDir folder;
  for (const auto& text : {nsqd.get("/metrics").body, lookupd.get("/metrics").body}) {
    const auto path = (folder.path() / "metrics").string();
    std::ofstream(path) << text;
    const std::string command = "promtool check metrics < " + path + " > " + path + ".said 2>&1";
    const int status = std::system(command.c_str());
    std::ifstream said(path + ".said");
    INFO(std::string(std::istreambuf_iterator<char>(said), {}));
    CHECK(status == 0);
  }
}

TEST_CASE("/health tells with reasons", "[integration]") {
  Nsqd nsqd;
  CHECK(nsqd.get("/health/live").body == R"({"status":"ok"})");
  CHECK(nsqd.get("/health/ready").body == R"({"status":"ok"})");
  CHECK(nsqd.get("/health/ready").status == 200);
}

TEST_CASE("/health/ready is 503 while publishes are refused", "[integration]") {
  const Nsqd nsqd({"--min-free-disk=4611686018427387904"});
  const auto answer = nsqd.get("/health/ready");
  CHECK(answer.status == 503);
  CHECK(answer.json().at("status") == "unavailable");
  const std::string reason = answer.json().at("reasons").at(0);
  CHECK(reason.find("publishes are refused: disk full") == 0);
  CHECK(nsqd.get("/health/live").status == 200);
}

TEST_CASE("the log is JSON when asked for, its level changeable", "[integration]") {
  Nsqd nsqd({"--log-format=json"});
  nsqd.process().wait_for_line(R"("level":"info","program":"nsqd","message":"TCP: listening on)");
  CHECK(nsqd.request("PUT", "/config/log_level", "error").body == "4");
  CHECK(nsqd.get("/config/log_format").body == "json");
}

TEST_CASE("10.9/130 nearer consumers are served first", "[integration]") {
  Nsqd nsqd({"--enable-experiment=topology-aware-consumption", "--topology-region=r",
             "--topology-zone=z"});
  const auto consumer = [&](const std::string& document) {
    RawClient client = nsqd.connect();
    REQUIRE(client.ask(identify(document)) == ok());
    REQUIRE(client.subscribe("t", "c") == ok());
    client.send(rdy(5));
    REQUIRE(client.marker() == ok());
    return client;
  };
  const RawClient far = consumer(R"({"topology_region":"x","topology_zone":"y"})");
  const RawClient region = consumer(R"({"topology_region":"r","topology_zone":"y"})");
  const RawClient zone = consumer(R"({"topology_region":"r","topology_zone":"z"})");
  for (int i = 1; i <= 12; ++i) {
    nsqd.publish("t", "m");
    REQUIRE(nsqd.await_stat("t", "c", "in_flight_count", i) == i);
  }
  CHECK(nsqd.stat("t", "c", "zone_local_msg_count") == 5);
  CHECK(nsqd.stat("t", "c", "region_local_msg_count") == 5);
  CHECK(nsqd.stat("t", "c", "global_msg_count") == 2);
}

TEST_CASE("10.5/79 what is sampled out is gone", "[integration]") {
  Nsqd nsqd({"--max-rdy-count=10000"});
  RawClient client = nsqd.connect();
  REQUIRE(client.ask(identify(R"({"sample_rate":42})")) == ok());
  REQUIRE(client.subscribe("t", "c") == ok());
  client.send(rdy(10'000));
  REQUIRE(client.marker() == ok());
  RawClient publisher = nsqd.connect();
  REQUIRE(publisher.ask(mpub("t", std::vector<std::string>(10'000, "m"))) == ok());
  REQUIRE(nsqd.await_stat("t", "c", "depth", 0) == 0);
  const auto in_flight = nsqd.stat("t", "c", "in_flight_count");
  CHECK(in_flight > 4000);
  CHECK(in_flight < 4600);
  CHECK(sample(nsqd.get("/metrics").body,
               R"(nsqd_channel_sampled_out_total{topic="t",channel="c"})") ==
        static_cast<double>(10'000 - in_flight));
}

TEST_CASE("/debug shows memory by topic, threads and the allocator", "[integration]") {
  const Nsqd nsqd;
  nsqd.create("small", "c");
  nsqd.create("large", "c");
  nsqd.publish("large", std::string(50'000, 'x'));
  const auto memory = nsqd.get("/debug/memory").json();
  CHECK(memory.at("messages_bytes") >= 50'000);
  CHECK(memory.at("topics").at(0).at("topic_name") == "large");
  CHECK(memory.at("topics").at(0).at("channels").at(0).at("bytes") >= 50'000);
  const auto threads = nsqd.get("/debug/threads").json().at("threads");
  REQUIRE(threads.size() >= 3);
  CHECK(threads.at(0).at("user_seconds") >= 0);
  std::set<std::string> names;
  for (const auto& thread : threads) names.insert(thread.at("name").get<std::string>());
  for (const auto* name : {"nsqd", "nsqd-io", "nsqd-committer", "nsqd-reader", "nsqd-store"}) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
  CHECK(nsqd.get("/debug/pprof/heap?debug=1").body.contains("the log: written"));
  CHECK(nsqd.get("/debug/pprof/heap").status == 501);
}

TEST_CASE("a CPU profile is taken while everything goes on", "[integration]") {
  const Nsqd nsqd({"--io-threads=1"});
  const auto ask = [&] { return nsqd.get("/debug/pprof/profile?seconds=1"); };
  auto one = std::async(std::launch::async, ask);
  auto other = std::async(std::launch::async, ask);
  // The one thread that serves is not held up.
  const auto ready = [](auto& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  while (!ready(one) || !ready(other)) nsqd.publish("t", "m");
  HttpResponse profile = one.get();
  HttpResponse refused = other.get();
  if (profile.status != 200) std::swap(profile, refused);
  CHECK(refused.status == 409);
  CHECK(refused.body == "another CPU profile is being taken\n");
  REQUIRE(profile.status == 200);
  CHECK(profile.header("content-type") == "application/octet-stream");
  // gperftools' format: the header, the first sample's count, and at the end the mappings.
  std::array<std::uint64_t, 6> words{};
  REQUIRE(profile.body.size() > sizeof words);
  std::memcpy(words.data(), profile.body.data(), sizeof words);
  CHECK(words[5] > 0);
  words[5] = 0;
  CHECK(words == std::array<std::uint64_t, 6>{0, 3, 0, 10'000, 0, 0});
  CHECK(profile.body.contains("/nsqd\n"));
}

TEST_CASE("nsqlookupd has metrics, health and a log level as well", "[integration]") {
  const Nsqlookupd lookupd;
  REQUIRE(lookupd.post("/channel/create?topic=t&channel=c").status == 200);
  const auto text = lookupd.get("/metrics").body;
  CHECK(sample(text, "nsqlookupd_topics") == 1);
  CHECK(sample(text, "nsqlookupd_channels") == 1);
  CHECK(sample(text, "nsqlookupd_producers") == 0);
  CHECK(lookupd.get("/health/live").body == R"({"status":"ok"})");
  CHECK(lookupd.get("/health/ready").body == R"({"status":"ok"})");
  CHECK(lookupd.get("/config/log_level").body == "2");
  CHECK(lookupd.http().request("PUT", "/config/log_level", "debug").body == "1");
  CHECK(lookupd.http().request("PUT", "/config/log_level", "loud").status == 400);
}

}  // namespace
}  // namespace nsq::test
