#include "clients/nsq/consumer.hpp"
#include "tests/unit/clients/nsq/consumer_fixture.hpp"

using namespace nsq;
using namespace nsq::client;
using namespace nsq::client::test;

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
