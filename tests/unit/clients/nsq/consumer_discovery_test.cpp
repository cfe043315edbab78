#include <algorithm>
#include <set>

#include "clients/nsq/consumer.hpp"
#include "clients/nsq/testing/fake_nsqlookupd.hpp"
#include "tests/unit/clients/nsq/consumer_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;
using nsq::client::testing::FakeNsqlookupd;
using nsq::client::testing::FakeQuery;

namespace {

/// A consumer that asks one nsqlookupd. Answers of one that does not wait hold for a minute, so
/// what a test sees sooner has another reason.
struct DiscoveryStage : ConsumerStage {
  FakeNsqlookupd lookupd{io.get_executor()};

  explicit DiscoveryStage(const Config& config = quick_config()) : ConsumerStage(config) {
    finish_all();
  }
  void discover() { REQUIRE(consumer->connect_to_nsqlookupd(lookupd.url()).has_value()); }
  asio::awaitable<void> stop() {
    consumer->stop();
    co_await consumer->stopped();
  }
  /// Serves SUB; the connection.
  asio::awaitable<std::unique_ptr<FakeClient>> subscribed(FakeNsqd& server) {
    auto client = co_await server.accept();
    co_await client->subscribe_handshake();
    co_return client;
  }
  asio::awaitable<std::unique_ptr<FakeQuery>> answer(std::vector<Address> nsqds,
                                                     std::optional<std::uint64_t> index = {}) {
    auto query = co_await lookupd.accept();
    co_await query->reply_nsqds(std::move(nsqds), index);
    co_return query;
  }
  void run_test(asio::awaitable<void> (*test)(DiscoveryStage&)) { run(test(*this)); }
};

}  // namespace

TEST_CASE("an nsqd that an nsqlookupd names is consumed from", "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.discover();  // is asked once
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    auto query = co_await s.answer({s.nsqd.address()});
    CHECK(query->target() == "/lookup?topic=t&wait=30s&index=0");
    CHECK(query->head().find("Accept: application/vnd.nsq; version=1.0\r\n") != std::string::npos);
    auto client = co_await s.subscribed(s.nsqd);
    co_await client->expect("RDY 1");
    co_await client->send_message({.id = id(1), .body = "hello"});
    co_await client->expect("FIN " + id(1));
    s.consumer->stop();
    co_await see_off(*client);
    co_await s.consumer->stopped();
    CHECK(s.consumer->stats().lookups == 1);
    CHECK(s.consumer->stats().lookup_failures == 0);
    CHECK(s.consumer->stats().reconnects == 0);
  });
}

TEST_CASE("discovery needs handlers and a consumer that is not stopped",
          "[client][consumer][discovery]") {
  ConsumerStage s;
  FakeNsqlookupd lookupd(s.io.get_executor());
  CHECK(text_of(s.consumer->connect_to_nsqlookupd(lookupd.url())) == "no handlers");
  CHECK(text_of(s.consumer->disconnect_from_nsqlookupd(lookupd.url())) == "not connected");
  s.finish_all();
  s.consumer->stop();
  CHECK(text_of(s.consumer->connect_to_nsqlookupd(lookupd.url())) == "stopped");
}

TEST_CASE("what any nsqlookupd names is found, whatever the others do",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    FakeNsqlookupd hangs(s.io.get_executor());
    FakeNsqlookupd other(s.io.get_executor());
    FakeNsqlookupd down(s.io.get_executor());
    down.stop();
    FakeNsqd second(s.io.get_executor());
    auto begun = s.consumer->connect_to_nsqlookupds({hangs.url(), other.url(), down.url()});
    REQUIRE(begun.has_value());
    auto silent = co_await hangs.accept();
    co_await s.answer({s.nsqd.address()});
    auto query = co_await other.accept();
    co_await query->reply_nsqds({s.nsqd.address(), second.address()});
    auto a = co_await s.subscribed(s.nsqd);
    auto b = co_await s.subscribed(second);
    co_await until([&] {
      const ConsumerStats stats = s.consumer->stats();
      return stats.connections == 2 && stats.lookups == 2 && stats.lookup_failures > 0;
    });
    s.consumer.reset();
    co_await silent->until_closed();
  });
}

TEST_CASE("one that waits is asked again at once, and tells of changes in time",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    auto query = co_await s.lookupd.accept();
    co_await query->reply(404, R"({"message":"TOPIC_NOT_FOUND","index":5})");
    query = co_await s.answer({s.nsqd.address()}, 9);
    CHECK(query->target() == "/lookup?topic=t&wait=30s&index=5");
    auto client = co_await s.subscribed(s.nsqd);
    auto waiting = co_await s.lookupd.accept();
    CHECK(waiting->target() == "/lookup?topic=t&wait=30s&index=9");
    co_await client->expect("RDY 1");
    s.consumer->stop();
    co_await waiting->until_closed();
    co_await see_off(*client);
    co_await s.consumer->stopped();
  });
}

TEST_CASE("an nsqd that is named no more keeps its connection, and is not dialled again",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    FakeNsqd second(s.io.get_executor());
    co_await s.answer({s.nsqd.address()}, 1);
    auto client = co_await s.subscribed(s.nsqd);
    co_await s.answer({second.address()}, 2);
    auto other = co_await s.subscribed(second);
    auto waiting = co_await s.lookupd.accept();  // so the second answer has been heard
    co_await until([&] { return s.consumer->stats().connections == 2; });
    client->close();
    co_await until([&] { return s.consumer->stats().connections == 1; });
    CHECK(text_of(s.consumer->disconnect(s.nsqd.address())) == "not connected");
    co_await waiting->reply_nsqds({s.nsqd.address(), second.address()}, 3);
    client = co_await s.subscribed(s.nsqd);  // named again
    CHECK(s.consumer->stats().reconnects == 0);
    s.consumer.reset();
  });
}

TEST_CASE("an nsqd that is lost but named is dialled again, and the polled are asked",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    co_await s.answer({s.nsqd.address()});
    auto client = co_await s.subscribed(s.nsqd);
    co_await until([&] { return s.consumer->stats().connections == 1; });
    client->close();
    co_await s.answer({s.nsqd.address()});  // long before the interval is over
    client = co_await s.subscribed(s.nsqd);
    co_await until([&] { return s.consumer->stats().reconnects == 1; });
    s.consumer.reset();
  });
}

TEST_CASE("an nsqd that is named while nobody listens is dialled until it is named no more",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.nsqd.stop();
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    co_await s.answer({s.nsqd.address()}, 1);
    auto waiting = co_await s.lookupd.accept();
    co_await waiting->reply_nsqds({}, 2);
    waiting = co_await s.lookupd.accept();
    co_await until(
        [&] { return text_of(s.consumer->disconnect(s.nsqd.address())) == "not connected"; });
    co_await s.stop();
  });
}

TEST_CASE("nonsense is a failure, and asked again", "[client][consumer][discovery]") {
  const auto nonsense =
      GENERATE(as<std::string>(), "", "SSH-2.0-OpenSSH_9.2\r\n",
               "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
               "HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{x}",
               "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{}",
               "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n{");
  DiscoveryStage stage;
  stage.discover();
  stage.play(
      [](DiscoveryStage& s, std::string bytes) -> asio::awaitable<void> {
        auto query = co_await s.lookupd.accept();
        co_await query->send_raw(std::move(bytes));
        query.reset();
        co_await s.answer({s.nsqd.address()});
        auto client = co_await s.subscribed(s.nsqd);
        CHECK(s.consumer->stats().lookup_failures == 1);
        s.consumer.reset();
      }(stage, nonsense),
      nothing());
}

TEST_CASE("while an nsqlookupd cannot be asked, what it said holds",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    co_await s.answer({s.nsqd.address()}, 1);
    auto client = co_await s.subscribed(s.nsqd);
    s.lookupd.stop();
    co_await until([&] { return s.consumer->stats().lookup_failures > 0; });
    client->close();
    client = co_await s.subscribed(s.nsqd);
    s.consumer.reset();
  });
}

TEST_CASE("one that never answers is given up after its time", "[client][consumer][discovery]") {
  Config config = quick_config();
  config.values.lookupd_poll_timeout = Milliseconds(20);
  DiscoveryStage stage(config);
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    auto silent = co_await s.lookupd.accept();
    co_await silent->until_closed();
    auto again = co_await s.lookupd.accept();
    co_await s.stop();
  });
}

TEST_CASE("an nsqlookupd that is left is asked no more, and names nobody",
          "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    co_await s.answer({s.nsqd.address()}, 1);
    auto client = co_await s.subscribed(s.nsqd);
    auto waiting = co_await s.lookupd.accept();
    co_await until([&] { return s.consumer->stats().connections == 1; });
    auto left = s.consumer->disconnect_from_nsqlookupd(s.lookupd.url());
    CHECK(text_of(left) == "");
    co_await waiting->until_closed();
    CHECK(s.consumer->stats().connections == 1);
    client->close();
    co_await until([&] { return s.consumer->stats().connections == 0; });
    CHECK(text_of(s.consumer->disconnect(s.nsqd.address())) == "not connected");
    s.discover();
    co_await s.answer({s.nsqd.address()}, 1);
    client = co_await s.subscribed(s.nsqd);
    s.consumer.reset();
  });
}

TEST_CASE("what was sent away stays away until it comes anew", "[client][consumer][discovery]") {
  DiscoveryStage stage;
  stage.discover();
  stage.run_test([](DiscoveryStage& s) -> asio::awaitable<void> {
    FakeNsqd second(s.io.get_executor());
    co_await s.answer({s.nsqd.address()}, 1);
    auto client = co_await s.subscribed(s.nsqd);
    co_await until([&] { return s.consumer->stats().connections == 1; });
    CHECK(text_of(s.consumer->disconnect(s.nsqd.address())) == "");
    co_await client->expect("RDY 1");
    co_await see_off(*client);
    co_await s.answer({s.nsqd.address(), second.address()}, 2);
    auto other = co_await s.subscribed(second);
    co_await s.answer({}, 3);
    co_await s.answer({s.nsqd.address()}, 4);
    client = co_await s.subscribed(s.nsqd);  // the first since it was sent away
    s.consumer.reset();
  });
}

TEST_CASE("the filter chooses", "[client][consumer][discovery]") {
  DiscoveryStage stage;
  FakeNsqd second(stage.io.get_executor());
  std::set<Address> offered;
  const bool throws = GENERATE(false, true);
  ConsumerSetup setup = stage.setup(quick_config());
  setup.hooks.discovery_filter = [&](std::vector<Address> nsqds) -> std::vector<Address> {
    offered.insert(nsqds.begin(), nsqds.end());
    if (throws) throw std::runtime_error("no");
    return {second.address()};
  };
  stage.make(std::move(setup));
  stage.finish_all();
  stage.discover();
  stage.play(
      [](DiscoveryStage& s, FakeNsqd& other, std::int64_t wanted) -> asio::awaitable<void> {
        co_await s.answer({s.nsqd.address(), other.address()}, 1);
        auto client = co_await s.subscribed(other);
        if (wanted == 2) co_await s.subscribed(s.nsqd);
        auto waiting = co_await s.lookupd.accept();
        s.consumer.reset();
      }(stage, second, throws ? 2 : 1),
      nothing());
  CHECK(offered == std::set<Address>{stage.nsqd.address(), second.address()});
}

TEST_CASE("the filter may leave the nsqlookupd, or end the consumer",
          "[client][consumer][discovery]") {
  const bool leaves = GENERATE(true, false);
  DiscoveryStage stage;
  int calls = 0;
  ConsumerSetup setup = stage.setup(quick_config());
  setup.hooks.discovery_filter = [&](const std::vector<Address>&) -> std::vector<Address> {
    ++calls;
    if (leaves) {
      const bool first = calls == 1;  // leaving it is a change, which calls this again
      const auto left = stage.consumer->disconnect_from_nsqlookupd(stage.lookupd.url());
      CHECK(left.has_value() == first);
    } else {
      stage.consumer.reset();
    }
    return {};
  };
  stage.make(std::move(setup));
  stage.finish_all();
  stage.discover();
  stage.play(
      [](DiscoveryStage& s) -> asio::awaitable<void> {
        auto query = co_await s.answer({s.nsqd.address()}, 1);
        co_await query->until_closed();
        if (s.consumer) co_await s.stop();
      }(stage),
      nothing());
  CHECK(calls == (leaves ? 2 : 1));
}
