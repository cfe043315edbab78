#include "clients/nsq/consumer.hpp"

#include "tests/unit/clients/nsq/consumer_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

TEST_CASE("a message is handled and finished, then the consumer drains", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        const std::string sub = co_await client->subscribe_handshake();
        CHECK(sub == "SUB t c");
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "hello"});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
  CHECK(s.handled == std::vector<std::string>{"hello"});
  CHECK(s.consumer->stats().connections == 0);
}

TEST_CASE("wrong names and options fail at construction", "[client][consumer]") {
  asio::io_context io;
  ConsumerSetup setup;
  setup.topic = "t";
  setup.channel = "c";
  std::string error;
  SECTION("topic") {
    setup.topic = "a b";
    error = "invalid topic name";
  }
  SECTION("channel") {
    setup.channel = "";
    error = "invalid channel name";
  }
  SECTION("heartbeats") {
    setup.config.values.heartbeat_interval = Milliseconds(-1);
    error = "cannot SUB with heartbeats disabled";
  }
  SECTION("max in flight") {
    setup.config.values.max_in_flight = -1;
    error = "invalid MaxInFlight ! -1 < 0";
  }
  auto made = Consumer::create(io.get_executor(), std::move(setup));
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().text() == error);
}

TEST_CASE("connecting needs handlers, and once", "[client][consumer]") {
  ConsumerStage s;
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        auto result = co_await stage.consumer->connect(stage.nsqd.address());
        CHECK(text_of(result) == "no handlers");
        stage.finish_all();
        co_await stage.connect();
        result = co_await stage.consumer->connect(stage.nsqd.address());
        CHECK(text_of(result) == "already connected");
        CHECK(text_of(stage.consumer->add_handler([](const Message&) { return Result<void>(); })) ==
              "already connected");
        stage.consumer.reset();
      }(s));
}

TEST_CASE("a refused SUB is told to whoever connects", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  const std::string text = "E_SUB_FAILED SUB failed consumers for t:c exceeds limit of 1";
  s.play(
      [](FakeNsqd& nsqd, std::string error) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->handshake();
        co_await client->expect("SUB t c");
        co_await client->send_heartbeat();  // also while SUB waits
        const testing::SentCommand nop = co_await client->read_command();
        CHECK(nop.line == "NOP");
        co_await client->send_error(error);
        co_await client->read_to_end();
      }(s.nsqd, text),
      [](ConsumerStage& stage, std::string error) -> asio::awaitable<void> {
        auto result = co_await stage.consumer->connect(stage.nsqd.address());
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == Errc::rejected);
        CHECK(result.error().text() == error);
      }(s, text));
}

TEST_CASE("fail_fast returns the dial's error", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.nsqd.stop();
  s.run([](ConsumerStage& stage) -> asio::awaitable<void> {
    const Address address = stage.nsqd.address();
    auto result = co_await stage.consumer->connect(address);
    CHECK(text_of(result) == "dial tcp " + address.text() + ": connect: connection refused");
    stage.consumer->stop();  // nothing to wait for
    const StopReport report = co_await stage.consumer->stopped();
    CHECK(report.drained);
  }(s));
}

/// Keeps what became of the consumer's connections.
struct WatchedStage : ConsumerStage {
  explicit WatchedStage(const Config& config) : ConsumerStage(config) {
    ConsumerSetup watched = setup(config);
    watched.hooks.connection = [this](const ConnectionEvent& event) {
      events.push_back(event.kind);
    };
    make(std::move(watched));
  }

  std::ptrdiff_t attempts() const {
    return std::ranges::count(events, ConnectionEvent::Kind::connecting);
  }
  asio::awaitable<void> given_up() {
    return until(
        [this] { return !events.empty() && events.back() == ConnectionEvent::Kind::given_up; });
  }

  std::vector<ConnectionEvent::Kind> events;
};

TEST_CASE("retry goes on until the nsqd is there, or gives up when told to", "[client][consumer]") {
  Config config = quick_config();
  config.values.reconnect_max_attempts = 3;
  WatchedStage s(config);
  s.finish_all();
  s.nsqd.stop();
  s.run([](WatchedStage& stage) -> asio::awaitable<void> {
    auto result = co_await stage.consumer->connect(stage.nsqd.address(), ConnectMode::retry);
    CHECK(text_of(result) == "");
    co_await stage.given_up();
    CHECK(stage.attempts() == 3);
  }(s));
}

/// Serves one client: lets it subscribe, if at all, and sends it away.
asio::awaitable<void> refuse(FakeNsqd& nsqd, bool after_sub) {
  auto client = co_await nsqd.accept();
  if (after_sub) {
    co_await client->subscribe_handshake();
  } else {
    co_await client->handshake();
    co_await client->expect("SUB t c");
  }
  co_await client->send_error("E_UNAUTHORIZED AUTH failed for SUB on \"t\" \"c\"");
  co_await client->read_to_end();
}

TEST_CASE("whoever is sent away right after SUB has failed to connect", "[client][consumer]") {
  Config config = quick_config();
  config.values.reconnect_max_attempts = 2;
  WatchedStage s(config);
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        co_await refuse(nsqd, true);
        co_await refuse(nsqd, true);
      }(s.nsqd),
      [](WatchedStage& stage) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await stage.given_up();
        CHECK(stage.attempts() == 2);
      }(s));
}

TEST_CASE("a refusal is not tried again at once", "[client][consumer]") {
  const bool after_sub = GENERATE(false, true);
  Config config = quick_config();
  config.values.reconnect_max = std::chrono::hours(1);
  WatchedStage s(config);
  s.finish_all();
  s.play(refuse(s.nsqd, after_sub), [](WatchedStage& stage) -> asio::awaitable<void> {
    co_await stage.connect(ConnectMode::retry);
    co_await until([&] { return stage.consumer->stats().connections == 0; });
    // Long enough for many of the short delays, which begin with a millisecond.
    asio::steady_timer pause(co_await asio::this_coro::executor);
    pause.expires_after(std::chrono::milliseconds(30));
    co_await pause.async_wait(asio::use_awaitable);
    CHECK(stage.attempts() == 1);
  }(s));
}

TEST_CASE("messages can be pulled", "[client][consumer]") {
  ConsumerStage s;
  ConsumerSetup setup = s.setup(quick_config());
  setup.pull = true;
  s.make(std::move(setup));
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x", .timestamp_ns = 7});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        co_await stage.connect();
        auto message = co_await stage.consumer->next();
        REQUIRE(message.has_value());
        CHECK(message->body() == "x");
        CHECK(message->timestamp() == WallTime(Nanoseconds(7)));
        CHECK(message->timeout() == Seconds(60));
        message->finish();
        stage.consumer->stop();
        message = co_await stage.consumer->next();
        CHECK_FALSE(message.has_value());
      }(s));
}
