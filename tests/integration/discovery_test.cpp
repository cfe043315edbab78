// The client library's discovery with real daemons: spec/client.md 10.1, 12.3.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "clients/nsq/blocking.hpp"
#include "tests/integration/collector.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {
namespace {

using client::BlockingProducerPool;
using client::LookupdUrl;

LookupdUrl url_of(const Nsqlookupd& lookupd) {
  return LookupdUrl::parse(fmt::format("127.0.0.1:{}", lookupd.http_port())).value();
}

std::vector<std::string> nsqd_args(const std::vector<const Nsqlookupd*>& lookupds) {
  std::vector<std::string> args{"--broadcast-address=127.0.0.1"};
  for (const auto* lookupd : lookupds) {
    args.push_back(fmt::format("--lookupd-tcp-address=127.0.0.1:{}", lookupd->tcp_port()));
  }
  return args;
}

TEST_CASE("10.1 a new topic reaches a waiting consumer at once", "[integration][discovery]") {
  const Nsqlookupd lookupd;
  const Nsqd nsqd(nsqd_args({&lookupd}));
  std::vector<Nanoseconds> took;
  for (int i = 0; i < 21; ++i) {
    const std::string topic = fresh("t");
    Collector consumer(topic, {url_of(lookupd)});
    REQUIRE(eventually([&] { return consumer.stats().lookups > 0; }));
    const MonoTime begin = read_clock().mono;
    nsqd.publish(topic, "first");
    REQUIRE(eventually([&] { return consumer.has("first"); }));
    took.push_back(consumer.arrival("first") - begin);
  }
  std::ranges::sort(took);
  WARN("from publish to handler, us: median " << took[took.size() / 2].count() / 1000
                                              << ", largest " << took.back().count() / 1000);
  CHECK(took[took.size() / 2] < Milliseconds(100));
}

TEST_CASE("10.1 an nsqd that comes later is found by those that wait", "[integration][discovery]") {
  const Nsqlookupd first;
  const Nsqlookupd second;
  Collector consumer("t", {url_of(first), url_of(second)});
  const Nsqd a(nsqd_args({&first}));
  a.publish("t", "a");
  CHECK(eventually([&] { return consumer.has("a"); }));
  const Nsqd b(nsqd_args({&second}));
  b.publish("t", "b");
  CHECK(eventually([&] { return consumer.has("b"); }));
  const Nsqd both(nsqd_args({&first, &second}));
  both.publish("t", "both");
  CHECK(eventually([&] { return consumer.has("both"); }));
  consumer.await_connections(3);
}

TEST_CASE("10.1 the consumer outlives its nsqlookupd and finds it again",
          "[integration][discovery]") {
  auto lookupd = std::make_unique<Nsqlookupd>();
  const std::vector<std::string> same{
      fmt::format("--tcp-address=127.0.0.1:{}", lookupd->tcp_port()),
      fmt::format("--http-address=127.0.0.1:{}", lookupd->http_port())};
  const auto args = nsqd_args({lookupd.get()});
  client::Config config;
  config.values.lookupd_poll_interval = Milliseconds(500);  // the longest time between two tries
  Nsqd a(args);
  a.create("t");
  Collector consumer("t", {url_of(*lookupd)}, config);
  consumer.await_connections(1);
  lookupd.reset();
  a.publish("t", "while it is down");
  CHECK(eventually([&] { return consumer.has("while it is down"); }));
  const Nsqd b(args);
  b.publish("t", "later");
  lookupd = std::make_unique<Nsqlookupd>(same);
  CHECK(eventually([&] { return consumer.has("later"); }));
}

TEST_CASE("12.3 what the pool got acknowledged arrives, though each nsqd is killed in turn",
          "[integration][discovery][pool]") {
  const Nsqlookupd first;
  const Nsqlookupd second;
  const auto args = nsqd_args({&first, &second});
  std::array<Nsqd, 3> nsqds{Nsqd(args), Nsqd(args), Nsqd(args)};
  for (const Nsqd& nsqd : nsqds) nsqd.create("t", "c");
  client::ProducerPoolSetup setup;
  setup.lookupds = {url_of(first), url_of(second)};
  setup.config.values.lookupd_poll_interval = Milliseconds(200);
  setup.config.values.reconnect_max = Seconds(1);
  const auto pool = BlockingProducerPool::create(std::move(setup)).value();
  client::Config config;
  config.values.lookupd_poll_interval = Milliseconds(200);
  config.values.reconnect_max = Milliseconds(500);
  const Collector consumer("t", {url_of(first), url_of(second)}, config);
  consumer.await_connections(3);
  REQUIRE(eventually([&] { return pool->stats().nsqds == 3; }));

  std::atomic<bool> end = false;
  std::size_t published = 0;
  std::vector<std::string> failed;
  std::jthread publisher([&] {
    while (!end) {
      const auto result = pool->publish("t", std::to_string(published));
      ++published;
      if (!result) failed.push_back(result.error().text());
    }
  });
  for (Nsqd& nsqd : nsqds) {
    nsqd.process().send_signal(SIGKILL);
    CHECK(nsqd.process().wait() == killed_by(SIGKILL));
    nsqd.start_again(args);
    consumer.await_connections(3);
  }
  end = true;
  publisher.join();
  CHECK(failed == std::vector<std::string>{});
  CHECK(await_value(published, [&] { return consumer.count(); }) == published);
  CHECK(pool->stats().acknowledged == published);
  CHECK(pool->stats().failovers > 0);
}

TEST_CASE("nsq_tail finds its nsqds through nsqlookupds", "[integration][discovery][tools]") {
  const Nsqlookupd lookupd;
  const Nsqd nsqd(nsqd_args({&lookupd}));
  nsqd.create("t", "c");
  nsqd.publish("t", "hello");
  const auto tail = run_to_end(
      NSQ_BIN_DIR "/nsq_tail",
      {"-topic=t", "-channel=c", "-n=1", "-lookupd-http-address=" + url_of(lookupd).text()});
  CHECK(tail.status == exited(0));
  CHECK(tail.out == "hello\n");
  const auto wrong =
      run_to_end(NSQ_BIN_DIR "/nsq_tail", {"-topic=t", "-lookupd-http-address=localhost"});
  CHECK(wrong.status == exited(1));
  CHECK(wrong.err.find(" missing port\n") != std::string::npos);
}

}  // namespace
}  // namespace nsq::test
