#include "clients/nsq/consumer.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "clients/nsq/connection.hpp"
#include "tests/unit/clients/nsq/client_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

namespace {

struct ConsumerStage : Stage {
  std::unique_ptr<Consumer> consumer;
  std::vector<std::string> handled;

  ConsumerSetup setup(Config config) {
    ConsumerSetup s;
    s.topic = "t";
    s.channel = "c";
    s.config = std::move(config);
    return s;
  }
  explicit ConsumerStage(Config config = quick_config()) { make(setup(std::move(config))); }
  void make(ConsumerSetup s) {
    auto made = Consumer::create(io.get_executor(), std::move(s));
    REQUIRE(made.has_value());
    consumer = *std::move(made);
  }
  /// Handles on the loop: notes the body and returns what `verdict` does.
  void handle(std::function<Result<void>(const Message&)> verdict) {
    auto added = consumer->add_async_handler(
        [this, verdict](Message message) -> asio::awaitable<Result<void>> {
          handled.emplace_back(message.body());
          co_return verdict(message);
        });
    REQUIRE(added.has_value());
  }
  void finish_all() {
    handle([](const Message&) { return Result<void>(); });
  }
  asio::awaitable<void> connect(ConnectMode mode = ConnectMode::fail_fast) {
    auto connected = co_await consumer->connect(nsqd.address(), mode);
    if (!connected) throw std::runtime_error(connected.error().text());
  }
  asio::awaitable<void> connect_and_stop_after(std::function<bool()> condition) {
    co_await connect();
    co_await until(std::move(condition));
    consumer->stop();
    co_await consumer->stopped();
  }
};

/// What the server does when the client says goodbye.
asio::awaitable<void> see_off(FakeClient& client) {
  co_await client.expect("CLS");
  co_await client.send_response("CLOSE_WAIT");
  const auto rest = co_await client.read_to_end();
  CHECK(rest.empty());
}

/// A gate that a handler's thread waits at.
struct Gate {
  std::mutex mu;
  std::condition_variable changed;
  bool open = false;
  int waiting = 0;

  void wait() {
    std::unique_lock lock(mu);
    ++waiting;
    changed.wait(lock, [this] { return open; });
  }
  void release() {
    const std::lock_guard lock(mu);
    open = true;
    changed.notify_all();
  }
  int entered() {
    const std::lock_guard lock(mu);
    return waiting;
  }
};

}  // namespace

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

TEST_CASE("retry goes on until the nsqd is there, or gives up when told to", "[client][consumer]") {
  Config config = quick_config();
  config.values.reconnect_max_attempts = 3;
  ConsumerStage s(config);
  std::vector<ConnectionEvent::Kind> events;
  ConsumerSetup setup = s.setup(config);
  setup.hooks.connection = [&](const ConnectionEvent& event) { events.push_back(event.kind); };
  s.make(std::move(setup));
  s.finish_all();
  s.nsqd.stop();
  s.run([](ConsumerStage& stage,
           std::vector<ConnectionEvent::Kind>& seen) -> asio::awaitable<void> {
    auto result = co_await stage.consumer->connect(stage.nsqd.address(), ConnectMode::retry);
    CHECK(text_of(result) == "");
    co_await until([&] { return !seen.empty() && seen.back() == ConnectionEvent::Kind::given_up; });
    CHECK(std::ranges::count(seen, ConnectionEvent::Kind::connecting) == 3);
  }(s, events));
}

TEST_CASE("an error or an exception of a handler requeues, later each time", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_attempts = 0;
  ConsumerStage s(config);
  s.handle([](const Message& message) -> Result<void> {
    if (message.body() == "throws") throw std::runtime_error("no");
    return fail(Errc::rejected, "no");
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "fails", .attempts = 1});
        co_await client->expect("REQ " + id(1) + " 90000");
        co_await client->send_message({.id = id(2), .body = "throws", .attempts = 2});
        co_await client->expect("REQ " + id(2) + " 180000");
        co_await client->send_message({.id = id(3), .body = "fails", .attempts = 65535});
        co_await client->expect("REQ " + id(3) + " 900000");  // max_requeue_delay
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 3; }));
}

TEST_CASE("a message is answered once, with the delay that was asked for", "[client][consumer]") {
  ConsumerStage s;
  s.handle([](const Message& message) -> Result<void> {
    CHECK(message.touch());
    if (message.body() == "finish") {
      CHECK(message.finish());
      CHECK_FALSE(message.finish());
      CHECK_FALSE(message.requeue());
      CHECK_FALSE(message.touch());
    } else {
      CHECK(message.requeue(Milliseconds(message.body() == "past" ? -5 : 4000000)));
      CHECK_FALSE(message.finish());
    }
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "finish"});
        co_await client->expect("TOUCH " + id(1));
        co_await client->expect("FIN " + id(1));
        co_await client->send_message({.id = id(2), .body = "past"});
        co_await client->expect("TOUCH " + id(2));
        co_await client->expect("REQ " + id(2) + " 0");
        co_await client->send_message({.id = id(3), .body = "far"});
        co_await client->expect("TOUCH " + id(3));
        co_await client->expect("REQ " + id(3) + " 4000000");
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 2; }));
}

TEST_CASE("of many threads one gives the answer", "[client][consumer]") {
  ConsumerStage s;
  std::atomic<int> first = 0;
  REQUIRE(s.consumer
              ->add_handler([&first](const Message& message) -> Result<void> {
                std::vector<std::jthread> threads;
                for (int i = 0; i < 8; ++i) {
                  threads.emplace_back([&first, message] { first += message.finish(); });
                }
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
  CHECK(first == 1);
}

TEST_CASE("without auto response the program answers later, and an error sends nothing",
          "[client][consumer]") {
  ConsumerStage s;
  std::optional<Message> kept;
  s.handle([&kept](const Message& message) -> Result<void> {
    message.disable_auto_response();
    kept = message;
    return fail(Errc::rejected, "later");
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd),
      [](ConsumerStage& stage, std::optional<Message>& message) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&] { return message.has_value(); });
        CHECK(stage.consumer->stats().requeued == 0);
        CHECK(stage.consumer->stats().in_flight == 1);
        std::jthread([&] { message->finish(); }).join();
        co_await until([&] { return stage.consumer->stats().finished == 1; });
        stage.consumer->stop();
        co_await stage.consumer->stopped();
      }(s, kept));
}

TEST_CASE("a message dropped without an answer frees its place", "[client][consumer]") {
  ConsumerStage s;
  s.handle([](const Message& message) -> Result<void> {
    message.disable_auto_response();
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().abandoned == 1; }));
  CHECK(s.consumer->stats().in_flight == 0);
}

TEST_CASE("the handler runs at most max_attempts times", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_attempts = 2;
  ConsumerStage s;
  ConsumerSetup setup = s.setup(config);
  int given_up = 0;
  setup.hooks.give_up = [&given_up](const Message& message) -> GiveUp {
    ++given_up;
    if (message.attempts() == 65535) return {.requeue_after = Seconds(7)};
    return {};
  };
  s.make(std::move(setup));
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "last", .attempts = 2});
        co_await client->expect("FIN " + id(1));
        co_await client->send_message({.id = id(2), .body = "over", .attempts = 3});
        co_await client->expect("FIN " + id(2));
        co_await client->send_message({.id = id(3), .body = "far over", .attempts = 65535});
        co_await client->expect("REQ " + id(3) + " 7000");
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().requeued == 1; }));
  CHECK(s.handled == std::vector<std::string>{"last"});
  CHECK(given_up == 2);
  CHECK(s.consumer->stats().given_up == 2);
}

TEST_CASE("heartbeats are answered while every handler is stuck", "[client][consumer]") {
  ConsumerStage s;
  Gate gate;
  REQUIRE(s.consumer
              ->add_handler([&gate](const Message&) -> Result<void> {
                gate.wait();
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd, Gate& at) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await until([&at] { return at.entered() == 1; });
        for (int i = 0; i < 3; ++i) {
          co_await client->send_heartbeat();
          const testing::SentCommand nop = co_await client->read_command();
          CHECK(nop.line == "NOP");
        }
        at.release();
        co_await client->expect("FIN " + id(1));
        co_await see_off(*client);
      }(s.nsqd, gate),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
}

TEST_CASE("a late answer is reported, and the connection kept", "[client][consumer]") {
  ConsumerStage s;
  std::vector<std::string> reports;
  ConsumerSetup setup = s.setup(quick_config());
  setup.hooks.response_failed = [&](const Address&, std::string_view message, std::string_view) {
    reports.emplace_back(message);
  };
  s.make(std::move(setup));
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("FIN " + id(1));
        co_await client->send_error("E_FIN_FAILED FIN " + id(1) + " failed ID not in flight");
        co_await client->send_message({.id = id(2), .body = "y"});
        co_await client->expect("FIN " + id(2));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 2; }));
  CHECK(reports == std::vector<std::string>{id(1)});
  CHECK(s.consumer->stats().failed_responses == 1);
}

TEST_CASE("an answer for a lost connection is dropped and reported, and never sent on",
          "[client][consumer]") {
  ConsumerStage s;
  std::vector<std::string> reports;
  std::optional<Message> kept;
  ConsumerSetup setup = s.setup(quick_config());
  setup.hooks.response_failed = [&](const Address&, std::string_view, std::string_view why) {
    reports.emplace_back(why);
  };
  s.make(std::move(setup));
  s.handle([&kept](const Message& message) -> Result<void> {
    message.disable_auto_response();
    kept = message;
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await until([] { return true; });
        client->close();
        client = co_await nsqd.accept();  // by itself
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await see_off(*client);
      }(s.nsqd),
      [](ConsumerStage& stage, std::optional<Message>& message) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&] { return stage.consumer->stats().reconnects == 1; });
        if (message) message->finish();
        co_await until([&] { return !message || stage.consumer->stats().dropped_responses == 1; });
        stage.consumer->stop();
        co_await stage.consumer->stopped();
      }(s, kept));
  REQUIRE(kept.has_value());
  CHECK(reports == std::vector<std::string>{"connection closed"});
  s.consumer.reset();
  CHECK_FALSE(kept->finish());
}

TEST_CASE("max_in_flight is shared and follows what is set", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_in_flight = 10;
  ConsumerStage s(config);
  s.finish_all();
  FakeNsqd second(s.io.get_executor());
  std::unique_ptr<FakeClient> a;
  std::unique_ptr<FakeClient> b;
  s.play(
      [](ConsumerStage& stage, FakeNsqd& other, std::unique_ptr<FakeClient>& one,
         std::unique_ptr<FakeClient>& two) -> asio::awaitable<void> {
        one = co_await stage.nsqd.accept();
        co_await one->subscribe_handshake();
        co_await one->expect("RDY 10");
        two = co_await other.accept();
        co_await two->subscribe_handshake();
        co_await one->expect("RDY 5");
        co_await two->expect("RDY 5");
        stage.consumer->set_max_in_flight(0);
        co_await one->expect("RDY 0");
        co_await two->expect("RDY 0");
        stage.consumer->set_max_in_flight(4);
        co_await one->expect("RDY 2");
        co_await two->expect("RDY 2");
        two->close();
        co_await one->expect("RDY 4");
        two = co_await other.accept();
        co_await two->subscribe_handshake();
        co_await one->expect("RDY 2");
        co_await two->expect("RDY 2");
        stage.consumer.reset();
      }(s, second, a, b),
      [](ConsumerStage& stage, FakeNsqd& other) -> asio::awaitable<void> {
        std::vector<Address> addresses{stage.nsqd.address(), other.address(), stage.nsqd.address()};
        auto connected = co_await stage.consumer->connect(std::move(addresses));
        CHECK(text_of(connected) == "");
      }(s, second));
}

TEST_CASE("max_rdy_count below max_in_flight is respected", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_in_flight = 100;
  ConsumerStage s(config);
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake(R"({"max_rdy_count":5})");
        co_await client->expect("RDY 5");
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().connections == 1; }));
}

TEST_CASE("messages that come between CLS and CLOSE_WAIT are handled", "[client][consumer]") {
  Config config = quick_config();
  config.values.max_in_flight = 2;
  ConsumerStage s(config);
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 2");
        co_await client->expect("CLS");
        co_await client->send_message({.id = id(1), .body = "late"});
        co_await client->send_response("CLOSE_WAIT");
        co_await client->expect("FIN " + id(1));
        const auto rest = co_await client->read_to_end();
        CHECK(rest.empty());
      }(s.nsqd),
      s.connect_and_stop_after([] { return true; }));
  CHECK(s.handled == std::vector<std::string>{"late"});
}

TEST_CASE("a peer that closes instead of CLOSE_WAIT ends the stop", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->expect("CLS");
        client->close();
      }(s.nsqd),
      s.connect_and_stop_after([] { return true; }));
}

TEST_CASE("a stuck handler is left behind at the stop's deadline", "[client][consumer]") {
  Config config = quick_config();
  config.values.stop_timeout = Milliseconds(30);
  ConsumerStage s(config);
  Gate gate;
  REQUIRE(s.consumer
              ->add_handler([&gate](const Message&) -> Result<void> {
                gate.wait();
                return {};
              })
              .has_value());
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        co_await client->expect("CLS");
        co_await client->send_response("CLOSE_WAIT");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConsumerStage& stage, Gate& at) -> asio::awaitable<void> {
        co_await stage.connect();
        co_await until([&at] { return at.entered() == 1; });
        stage.consumer->stop();
        stage.consumer->stop();
        const StopReport report = co_await stage.consumer->stopped();
        CHECK_FALSE(report.drained);
        CHECK(report.abandoned == 1);
      }(s, gate));
  gate.release();
  s.consumer.reset();  // waits for the thread, which uses the gate
}

TEST_CASE("stop during the handshake ends it", "[client][consumer]") {
  ConsumerStage s;
  s.finish_all();
  s.play(
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        auto client = co_await stage.nsqd.accept();
        co_await client->read_magic();
        stage.consumer->stop();
        co_await stage.consumer->stopped();
        co_await client->read_to_end();
      }(s),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        auto result = co_await stage.consumer->connect(stage.nsqd.address());
        CHECK(text_of(result) == "stopped");
      }(s));
}

TEST_CASE("stop inside a handler", "[client][consumer]") {
  ConsumerStage s;
  s.handle([&s](const Message&) -> Result<void> {
    s.consumer->stop();
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 1");
        co_await client->send_message({.id = id(1), .body = "x"});
        std::vector<std::string> lines;
        for (int i = 0; i < 2; ++i) {
          const testing::SentCommand command = co_await client->read_command();
          lines.push_back(command.line);
        }
        CHECK(std::ranges::count(lines, "CLS") == 1);
        CHECK(std::ranges::count(lines, "FIN " + id(1)) == 1);
        co_await client->send_response("CLOSE_WAIT");
        co_await client->read_to_end();
      }(s.nsqd),
      [](ConsumerStage& stage) -> asio::awaitable<void> {
        co_await stage.connect();
        const StopReport report = co_await stage.consumer->stopped();
        CHECK(report.drained);
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

TEST_CASE("what a flow policy changes goes out before the answer that caused it",
          "[client][consumer]") {
  struct HalfOnFailure final : FlowPolicy {
    bool slow = false;
    void start(std::function<void()>) override {}
    void on_signal(FlowSignal signal) override { slow = signal == FlowSignal::failure; }
    std::int64_t budget(std::int64_t max) const override { return slow ? 0 : max; }
  };
  Config config = quick_config();
  config.values.max_in_flight = 5;
  ConsumerStage s(config);
  ConsumerSetup setup = s.setup(config);
  setup.flow = std::make_unique<HalfOnFailure>();
  s.make(std::move(setup));
  s.handle([](const Message& message) -> Result<void> {
    if (message.body() == "bad") return fail(Errc::rejected, "bad");
    return {};
  });
  s.play(
      [](FakeNsqd& nsqd) -> asio::awaitable<void> {
        auto client = co_await nsqd.accept();
        co_await client->subscribe_handshake();
        co_await client->expect("RDY 5");
        co_await client->send_message({.id = id(1), .body = "bad"});
        co_await client->expect("RDY 0");
        co_await client->expect("REQ " + id(1) + " 90000");
        co_await client->send_message({.id = id(2), .body = "good"});
        co_await client->expect("RDY 5");
        co_await client->expect("FIN " + id(2));
        co_await see_off(*client);
      }(s.nsqd),
      s.connect_and_stop_after([&s] { return s.consumer->stats().finished == 1; }));
}
