#include "clients/nsq/producer_pool.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "clients/nsq/testing/fake_nsqlookupd.hpp"
#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;
using nsq::client::testing::FakeNsqlookupd;

namespace {

/// A pool of two nsqds: in order, so that a test knows who is asked.
struct PoolStage : Stage {
  FakeNsqd second{io.get_executor()};
  FakeNsqlookupd lookupd{io.get_executor()};
  std::unique_ptr<ProducerPool> pool;
  std::vector<Result<void>> results;

  ProducerPoolSetup setup() {
    ProducerPoolSetup s;
    s.nsqds = {nsqd.address(), second.address()};
    s.config = quick_config();
    s.config.values.reconnect_min = Seconds(30);  // a broken one stays so
    s.config.values.reconnect_max = Seconds(60);
    s.policy = PoolPolicy::in_order;
    return s;
  }
  void make(ProducerPoolSetup s) {
    auto made = ProducerPool::create(io.get_executor(), std::move(s));
    REQUIRE(made.has_value());
    pool = *std::move(made);
  }
  void discover(Nanoseconds interval = Seconds(60)) {
    ProducerPoolSetup s = setup();
    s.config.values.lookupd_poll_interval = interval;
    s.nsqds = {};
    s.lookupds = {lookupd.url()};
    make(std::move(s));
  }
  void publish_many(int count) {
    for (int i = 0; i < count; ++i) {
      pool->publish("t", std::to_string(i),
                    [this](Result<void> result) { results.push_back(std::move(result)); });
    }
  }
  asio::awaitable<std::unique_ptr<FakeClient>> accepted(FakeNsqd& server) {
    auto client = co_await server.accept();
    co_await client->handshake();
    co_return client;
  }
  void run_test(asio::awaitable<void> (*test)(PoolStage&)) { run(test(*this)); }
};

/// Answers that many PUBs; their bodies.
asio::awaitable<std::vector<std::string>> acknowledge(FakeClient& client, int count) {
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) {
    std::string body = co_await client.expect("PUB t");
    bodies.push_back(std::move(body));
    co_await client.send_response("OK");
  }
  co_return bodies;
}

}  // namespace

TEST_CASE("a pool needs somebody to publish to", "[client][pool]") {
  asio::io_context io;
  auto made = ProducerPool::create(io.get_executor(), {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().text() == "neither nsqds nor nsqlookupds");
}

TEST_CASE("all three commands go to a node and come back", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.play(
      [](PoolStage& s) -> asio::awaitable<void> {
        auto client = co_await s.accepted(s.nsqd);
        co_await acknowledge(*client, 1);
        std::string body = co_await client->expect("MPUB t");
        CHECK(body == std::string("\0\0\0\2\0\0\0\1a\0\0\0\2bc", 15));
        co_await client->send_response("OK");
        body = co_await client->expect("DPUB t 7");
        CHECK(body == "later");
        co_await client->send_response("OK");
      }(stage),
      [](PoolStage& s) -> asio::awaitable<void> {
        auto result = co_await s.pool->publish("t", "x");
        CHECK(text_of(result) == "");
        std::vector<std::string> bodies{"a", "bc"};
        result = co_await s.pool->multi_publish("t", std::move(bodies));
        CHECK(text_of(result) == "");
        result = co_await s.pool->deferred_publish("t", Milliseconds(7), "later");
        CHECK(text_of(result) == "");
        CHECK(s.pool->stats().acknowledged == 3);
        CHECK(s.pool->stats().failovers == 0);
      }(stage));
}

TEST_CASE("round robin reaches every node", "[client][pool]") {
  PoolStage stage;
  ProducerPoolSetup setup = stage.setup();
  setup.policy = PoolPolicy::round_robin;
  stage.make(std::move(setup));
  stage.publish_many(4);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto a = co_await s.accepted(s.nsqd);
    auto b = co_await s.accepted(s.second);
    const auto of_a = co_await acknowledge(*a, 2);
    const auto of_b = co_await acknowledge(*b, 2);
    CHECK(of_a == std::vector<std::string>{"0", "2"});
    CHECK(of_b == std::vector<std::string>{"1", "3"});
    co_await until([&] { return s.results.size() == 4; });
  });
}

TEST_CASE("what was not sent goes on to the next, in order", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.nsqd.stop();
  stage.publish_many(3);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto client = co_await s.accepted(s.second);
    const auto bodies = co_await acknowledge(*client, 3);
    CHECK(bodies == std::vector<std::string>{"0", "1", "2"});
    co_await until([&] { return s.results.size() == 3; });
    CHECK(s.pool->stats().acknowledged == 3);
    CHECK(s.pool->stats().failovers == 3);
    CHECK(s.pool->stats().broken == 1);
    s.publish_many(1);  // the broken one is not asked
    co_await acknowledge(*client, 1);
    co_await until([&] { return s.results.size() == 4; });
    CHECK(s.pool->stats().failovers == 3);
  });
}

TEST_CASE("when none is left the last reason is told", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.nsqd.stop();
  stage.second.stop();
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    for (int i = 0; i < 2; ++i) {  // also when all are known to be broken
      auto result = co_await s.pool->publish("t", "x");
      CHECK(outcome_of(result) == Outcome::not_sent);
      CHECK(text_of(result).starts_with("2 nsqds failed, the last: dial tcp 127.0.0.1:"));
    }
    CHECK(s.pool->stats().not_sent == 2);
    CHECK(s.pool->stats().outstanding == 0);
  });
}

TEST_CASE("an unknown outcome goes on only if duplicates are allowed", "[client][pool]") {
  const bool allowed = GENERATE(true, false);
  PoolStage stage;
  ProducerPoolSetup setup = stage.setup();
  setup.allow_duplicates = allowed;
  stage.make(std::move(setup));
  stage.publish_many(1);
  stage.play(
      [](PoolStage& s, bool goes_on) -> asio::awaitable<void> {
        auto client = co_await s.accepted(s.nsqd);
        co_await client->expect("PUB t");
        client->close();
        if (goes_on) {
          auto other = co_await s.accepted(s.second);
          co_await acknowledge(*other, 1);
        }
        co_await until([&] { return s.results.size() == 1; });
      }(stage, allowed),
      nothing());
  CHECK(outcome_of(stage.results[0]) == (allowed ? Outcome::acknowledged : Outcome::unknown));
  CHECK(stage.pool->stats().broken == 1);
}

TEST_CASE("what may have arrived somewhere is unknown, whatever came later", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.second.stop();
  stage.publish_many(1);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto client = co_await s.accepted(s.nsqd);
    co_await client->expect("PUB t");
    client->close();
    co_await until([&] { return s.results.size() == 1; });
    CHECK(outcome_of(s.results[0]) == Outcome::unknown);
    CHECK(text_of(s.results[0]).find("connection refused") != std::string::npos);
  });
}

TEST_CASE("a rejection ends it, unless the nsqd could not store", "[client][pool]") {
  const auto [error, goes_on] = GENERATE(table<std::string, bool>(
      {{"E_BAD_TOPIC PUB topic name", false}, {"E_PUB_FAILED PUB failed disk full", true}}));
  PoolStage stage;
  stage.make(stage.setup());
  stage.publish_many(1);
  stage.play(
      [](PoolStage& s, std::string text, bool next) -> asio::awaitable<void> {
        auto client = co_await s.accepted(s.nsqd);
        co_await client->expect("PUB t");
        co_await client->send_error(text);
        client->close();
        if (next) {
          auto other = co_await s.accepted(s.second);
          co_await acknowledge(*other, 1);
        }
        co_await until([&] { return s.results.size() == 1; });
      }(stage, error, goes_on),
      nothing());
  CHECK(outcome_of(stage.results[0]) == (goes_on ? Outcome::acknowledged : Outcome::rejected));
}

TEST_CASE("what is refused locally breaks no node", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto result = co_await s.pool->publish("a b", "x");
    CHECK(text_of(result) == "invalid topic name");
    result = co_await s.pool->publish("t", "");
    CHECK(text_of(result) == "PUB invalid message body size 0");
    CHECK(s.pool->stats().broken == 0);
    CHECK(s.pool->stats().failovers == 0);
  });
}

TEST_CASE("a silent node costs its time, then another takes over", "[client][pool]") {
  PoolStage stage;
  ProducerPoolSetup setup = stage.setup();
  setup.config.values.publish_timeout = Milliseconds(100);
  setup.config.values.handshake_timeout = Milliseconds(20);
  stage.make(std::move(setup));
  stage.publish_many(1);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto silent = co_await s.nsqd.accept();
    auto client = co_await s.accepted(s.second);
    co_await acknowledge(*client, 1);
    co_await until([&] { return s.results.size() == 1; });
    CHECK(text_of(s.results[0]) == "");
  });
}

TEST_CASE("what is under way is bounded", "[client][pool]") {
  PoolStage stage;
  ProducerPoolSetup setup = stage.setup();
  setup.config.values.max_outstanding_messages = 2;
  stage.make(std::move(setup));
  stage.publish_many(3);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    co_await until([&] { return s.results.size() == 1; });
    CHECK(text_of(s.results[0]) == "too much is outstanding");
    CHECK(s.pool->stats().outstanding == 2);
  });
}

TEST_CASE("publishes wait until an nsqlookupd names an nsqd", "[client][pool][discovery]") {
  PoolStage stage;
  stage.discover();
  stage.publish_many(2);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto query = co_await s.lookupd.accept();
    CHECK(query->target() == "/nodes");
    co_await query->reply_nsqds({});
    query = co_await s.lookupd.accept();  // asked again soon, as somebody waits
    co_await query->reply_nsqds({s.nsqd.address()});
    auto client = co_await s.accepted(s.nsqd);
    const auto bodies = co_await acknowledge(*client, 2);
    CHECK(bodies == std::vector<std::string>{"0", "1"});
    co_await until([&] { return s.results.size() == 2; });
  });
}

TEST_CASE("without an nsqd a publish ends after its time", "[client][pool][discovery]") {
  PoolStage stage;
  ProducerPoolSetup setup = stage.setup();
  setup.nsqds = {};
  setup.lookupds = {stage.lookupd.url()};
  setup.config.values.publish_timeout = Milliseconds(10);
  stage.make(std::move(setup));
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto result = co_await s.pool->publish("t", "x");
    CHECK(outcome_of(result) == Outcome::not_sent);
    CHECK(text_of(result) == "not sent: no nsqd is known");
  });
}

TEST_CASE("an nsqd that is named no more gets nothing new, and answers what it has",
          "[client][pool][discovery]") {
  PoolStage stage;
  stage.discover(Milliseconds(10));
  stage.publish_many(1);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto query = co_await s.lookupd.accept();
    co_await query->reply_nsqds({s.nsqd.address()});
    auto client = co_await s.accepted(s.nsqd);
    co_await client->expect("PUB t");
    query = co_await s.lookupd.accept();
    co_await query->reply_nsqds({s.second.address()});
    query = co_await s.lookupd.accept();  // so the answer has been heard
    s.publish_many(1);
    auto other = co_await s.accepted(s.second);
    co_await acknowledge(*other, 1);
    co_await client->send_response("OK");
    co_await client->read_to_end();  // closed, now that it has answered
    co_await until([&] { return s.results.size() == 2; });
    CHECK(s.pool->stats().acknowledged == 2);
  });
}

TEST_CASE("a node that breaks makes the pool ask for others", "[client][pool][discovery]") {
  PoolStage stage;
  stage.nsqd.stop();
  ProducerPoolSetup setup = stage.setup();
  setup.nsqds = {stage.nsqd.address()};
  setup.lookupds = {stage.lookupd.url()};
  stage.make(std::move(setup));
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto query = co_await s.lookupd.accept();
    co_await query->reply_nsqds({});
    auto result = co_await s.pool->publish("t", "x");
    CHECK(outcome_of(result) == Outcome::not_sent);
    query = co_await s.lookupd.accept();
    co_await query->reply_nsqds({s.second.address()});
    s.publish_many(1);
    auto client = co_await s.accepted(s.second);
    co_await acknowledge(*client, 1);
    co_await until([&] { return s.results.size() == 1; });
  });
}

TEST_CASE("stop waits, refuses what is new, and ends what waits", "[client][pool]") {
  PoolStage stage;
  stage.discover();
  stage.publish_many(1);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto silent = co_await s.lookupd.accept();
    auto stopped = co_await s.pool->stop(Nanoseconds(0));
    CHECK(text_of(stopped) == "publishes are outstanding");
    s.publish_many(1);
    co_await until([&] { return s.results.size() == 2; });
    CHECK(text_of(s.results[0]) == "stopped");
    CHECK(text_of(s.results[1]) == "stopped");
    co_await silent->until_closed();
  });
}

TEST_CASE("a destroyed pool ends what is under way", "[client][pool]") {
  PoolStage stage;
  stage.make(stage.setup());
  stage.publish_many(1);
  stage.run_test([](PoolStage& s) -> asio::awaitable<void> {
    auto client = co_await s.accepted(s.nsqd);
    co_await client->expect("PUB t");
    s.pool.reset();
    co_await until([&] { return s.results.size() == 1; });
    CHECK(outcome_of(s.results[0]) == Outcome::unknown);
  });
}
