#include "clients/nsq/producer.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

namespace {

struct ProducerStage : Stage {
  std::unique_ptr<Producer> producer;
  std::vector<Result<void>> results;  // of publish_many, in order of completion

  explicit ProducerStage(const Config& config = {}) {
    auto made = Producer::create(io.get_executor(), nsqd.address(), config);
    REQUIRE(made.has_value());
    producer = *std::move(made);
  }
  void publish_many(int count) {
    for (int i = 0; i < count; ++i) {
      producer->publish("t", std::to_string(i),
                        [this](Result<void> result) { results.push_back(std::move(result)); });
    }
  }
  asio::awaitable<void> until_results(std::size_t count) {
    co_await until([this, count] { return results.size() == count; });
  }
  std::size_t count(Outcome outcome) const {
    std::size_t n = 0;
    for (const auto& result : results) n += outcome_of(result) == outcome;
    return n;
  }
};

}  // namespace

TEST_CASE("the first publish connects, and OK acknowledges", "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        std::string body = co_await client->expect("PUB t");
        CHECK(body == "hello");
        co_await client->send_response("OK");
        body = co_await client->expect("MPUB t");
        CHECK(body == std::string("\0\0\0\2\0\0\0\1a\0\0\0\2bc", 15));
        co_await client->send_response("OK");
        body = co_await client->expect("DPUB t 1");
        CHECK(body == "later");
        co_await client->send_response("OK");
        const testing::SentCommand ping = co_await client->read_command();
        CHECK(ping.line == "NOP");
      }(s.nsqd),
      [](Producer& p) -> asio::awaitable<void> {
        auto result = co_await p.publish("t", "hello");
        CHECK(text_of(result) == "");
        std::vector<std::string> bodies{"a", "bc"};
        result = co_await p.multi_publish("t", std::move(bodies));
        CHECK(text_of(result) == "");
        result = co_await p.deferred_publish("t", std::chrono::microseconds(1999), "later");
        CHECK(text_of(result) == "");
        result = co_await p.ping();
        CHECK(text_of(result) == "");
        CHECK(p.stats().connects == 1);
        CHECK(p.stats().acknowledged == 3);
      }(*s.producer));
}

TEST_CASE("a refused dial is not sent, and the next publish dials again", "[client][producer]") {
  ProducerStage s;
  s.nsqd.stop();
  s.run([](Producer& p) -> asio::awaitable<void> {
    for (int i = 0; i < 2; ++i) {
      auto result = co_await p.publish("t", "x");
      CHECK(outcome_of(result) == Outcome::not_sent);
      CHECK(text_of(result) == "dial tcp " + p.nsqd().text() + ": connect: connection refused");
    }
  }(*s.producer));
}

TEST_CASE("what the server would refuse fails locally, the connection unharmed",
          "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
      }(s.nsqd),
      [](Producer& p) -> asio::awaitable<void> {
        auto result = co_await p.publish("t", "fine");
        CHECK(text_of(result) == "");
        result = co_await p.publish("t", "");
        CHECK(text_of(result) == "PUB invalid message body size 0");
        CHECK(outcome_of(result) == Outcome::not_sent);
        result = co_await p.publish("t", std::string((1 << 20) + 1, 'x'));
        CHECK(text_of(result) == "PUB message too big 1048577 > 1048576");
        result = co_await p.publish("not valid", "x");
        CHECK(text_of(result) == "invalid topic name");
        std::vector<std::string> none;
        result = co_await p.multi_publish("t", none);
        CHECK(text_of(result) == "MPUB invalid message count 0");
        std::vector<std::string> empty{"a", ""};
        result = co_await p.multi_publish("t", empty);
        CHECK(text_of(result) == "MPUB invalid message body size 0");
        std::vector<std::string> large(5, std::string(1 << 20, 'x'));
        result = co_await p.multi_publish("t", large);
        CHECK(text_of(result) == "MPUB body too big 5242904 > 5242880");
        result = co_await p.deferred_publish("t", Milliseconds(-1), "x");
        CHECK(text_of(result) == "DPUB delay below 0");
        result = co_await p.publish("t", "fine");
        CHECK(text_of(result) == "");
        CHECK(p.stats().connects == 1);
      }(*s.producer));
}

TEST_CASE("a thousand publishes are pipelined, heartbeats between the answers",
          "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        for (int i = 0; i < 1000; ++i) {
          const std::string body = co_await client->expect("PUB t");
          if (body != std::to_string(i)) throw std::runtime_error("out of order");
        }
        for (int i = 0; i < 1000; ++i) {
          if (i % 100 == 0) co_await client->send_heartbeat();
          co_await client->send_response("OK");
        }
        for (int i = 0; i < 10; ++i) {
          const testing::SentCommand nop = co_await client->read_command();
          CHECK(nop.line == "NOP");
        }
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        stage.publish_many(1000);
        co_await stage.until_results(1000);
        CHECK(stage.count(Outcome::acknowledged) == 1000);
      }(s));
}

TEST_CASE("a cut connection leaves the unanswered unknown and the unwritten not sent",
          "[client][producer]") {
  Config config;
  config.values.max_outstanding_messages = 5;  // the rest waits and is not on the wire
  ProducerStage s(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        for (int i = 0; i < 5; ++i) co_await client->expect("PUB t");
        co_await client->send_response("OK");
        co_await client->send_response("OK");
        co_await client->expect("PUB t");  // there is room for it now
        nsqd.stop();
        client->close();
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        auto connected = co_await stage.producer->ping();
        CHECK(text_of(connected) == "");
        stage.publish_many(10);  // 5 on the wire, 5 waiting
        co_await stage.until_results(10);
        CHECK(stage.count(Outcome::acknowledged) == 2);
        CHECK(stage.count(Outcome::unknown) == 5);
        CHECK(stage.count(Outcome::not_sent) == 3);
        CHECK(outcome_of(stage.results[0]) == Outcome::acknowledged);
        CHECK(outcome_of(stage.results[2]) == Outcome::unknown);
      }(s));
}

TEST_CASE("what waits is bounded", "[client][producer]") {
  Config config;
  config.values.max_outstanding_messages = 3;
  ProducerStage s(config);
  s.run([](ProducerStage& stage) -> asio::awaitable<void> {
    stage.publish_many(10);
    co_await stage.until_results(7);
    CHECK(stage.count(Outcome::not_sent) == 7);
    CHECK(text_of(stage.results[0]) == "too much is outstanding");
    CHECK(stage.producer->stats().outstanding == 3);
  }(s));
}

TEST_CASE("a rejection takes what is behind it along, and the next publish reconnects",
          "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        for (int i = 0; i < 3; ++i) co_await client->expect("PUB t");
        co_await client->send_response("OK");
        co_await client->send_error("E_BAD_MESSAGE PUB message too big 3 > 2");
        co_await client->read_to_end();
        client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        stage.publish_many(3);
        co_await stage.until_results(3);
        CHECK(outcome_of(stage.results[0]) == Outcome::acknowledged);
        CHECK(outcome_of(stage.results[1]) == Outcome::rejected);
        CHECK(text_of(stage.results[1]) == "E_BAD_MESSAGE PUB message too big 3 > 2");
        CHECK(outcome_of(stage.results[2]) == Outcome::unknown);
        auto again = co_await stage.producer->publish("t", "x");
        CHECK(text_of(again) == "");
        CHECK(stage.producer->stats().connects == 2);
      }(s));
}

TEST_CASE("an error on an idle producer ends only its connection", "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->send_error("E_INVALID out of the blue");
        co_await client->read_to_end();
        client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
      }(s.nsqd),
      [](Producer& p) -> asio::awaitable<void> {
        auto result = co_await p.ping();
        CHECK(text_of(result) == "");
        // A ping is written to the dying connection or the next, and harmless in both.
        co_await until([&p] { return p.stats().connects == 1; });
        for (;;) {
          result = co_await p.ping();
          if (p.stats().connects == 2) break;
        }
        result = co_await p.publish("t", "x");
        CHECK(text_of(result) == "");
      }(*s.producer));
}

TEST_CASE("no answer in time is unknown and closes the connection", "[client][producer]") {
  Config config;
  config.values.publish_timeout = Milliseconds(30);
  ProducerStage s(config);
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->read_to_end();
      }(s.nsqd),
      [](Producer& p) -> asio::awaitable<void> {
        auto result = co_await p.publish("t", "x");
        CHECK(outcome_of(result) == Outcome::unknown);
      }(*s.producer));
}

TEST_CASE("no connection in time is not sent", "[client][producer]") {
  Config config;
  config.values.publish_timeout = Milliseconds(30);
  ProducerStage s(config);
  s.run([](Producer& p) -> asio::awaitable<void> {
    auto result = co_await p.publish("t", "x");  // connects, but nobody answers IDENTIFY
    CHECK(outcome_of(result) == Outcome::not_sent);
    CHECK(result.error().code == Errc::timed_out);
  }(*s.producer));
}

TEST_CASE("stop waits for answers, then refuses", "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
        co_await client->send_response("OK");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        stage.publish_many(2);
        auto stopped = co_await stage.producer->stop();
        CHECK(text_of(stopped) == "");
        co_await stage.until_results(2);
        CHECK(stage.count(Outcome::acknowledged) == 2);
        auto late = co_await stage.producer->publish("t", "x");
        CHECK(text_of(late) == "stopped");
        CHECK(outcome_of(late) == Outcome::not_sent);
      }(s));
}

TEST_CASE("a destroyed producer ends what is under way", "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        stage.publish_many(1);
        co_await until([&] { return stage.producer->stats().connects == 1; });
        stage.producer.reset();
        co_await stage.until_results(1);
        CHECK(outcome_of(stage.results[0]) != Outcome::acknowledged);
      }(s));
}

TEST_CASE("a completion may publish", "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("PUB t");
        co_await client->send_response("OK");
        co_await client->expect("PUB t");  // published from within the first's completion
        co_await client->send_response("OK");
      }(s.nsqd),
      [](ProducerStage& stage) -> asio::awaitable<void> {
        stage.producer->publish("t", "1", [&stage](Result<void> first) {
          stage.results.push_back(std::move(first));
          stage.publish_many(1);
        });
        co_await stage.until_results(2);
        CHECK(stage.count(Outcome::acknowledged) == 2);
      }(s));
}

TEST_CASE("DPUB sends whole milliseconds, and the server judges the largest",
          "[client][producer]") {
  ProducerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("DPUB t 0");
        co_await client->send_response("OK");
        co_await client->expect("DPUB t 3600000");
        co_await client->send_response("OK");
        co_await client->expect("DPUB t 3600001");
        co_await client->send_error("E_INVALID DPUB timeout 3600001 out of range 0-3600000");
        co_await client->read_to_end();
      }(s.nsqd),
      [](Producer& p) -> asio::awaitable<void> {
        auto result = co_await p.deferred_publish("t", Nanoseconds(999'999), "x");
        CHECK(text_of(result) == "");
        result = co_await p.deferred_publish("t", std::chrono::hours(1), "x");
        CHECK(text_of(result) == "");
        result = co_await p.deferred_publish("t", Milliseconds(3600001), "x");
        CHECK(outcome_of(result) == Outcome::rejected);
      }(*s.producer));
}
