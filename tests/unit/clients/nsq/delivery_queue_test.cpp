#include "clients/nsq/delivery_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

namespace {

struct Answers final : detail::ResponseSink {
  std::vector<detail::Response::Kind> seen;
  void respond(const detail::Response& response) override { seen.push_back(response.kind); }
};

struct Fixture {
  boost::asio::io_context io;
  DeliveryQueue queue{io.get_executor()};
  std::shared_ptr<Answers> answers = std::make_shared<Answers>();

  Message message(std::string_view body) {
    auto origin = std::make_shared<detail::Origin>();
    origin->sink = answers;
    origin->msg_timeout = Seconds(60);
    wire::MessageView view;
    view.body = body;
    return {origin, view};
  }
};

}  // namespace

TEST_CASE("what waited past its timeout is dropped, unanswered", "[client][queue]") {
  Fixture f;
  const MonoTime now = read_clock().mono;
  f.queue.push(f.message("old"), now - Seconds(61));
  f.queue.push(f.message("fresh"), now);
  CHECK(f.queue.expired() == 1);
  CHECK(f.answers->seen == std::vector{detail::Response::Kind::abandon});
  auto message = f.queue.pop_blocking();
  REQUIRE(message.has_value());
  CHECK(message->body() == "fresh");
}

TEST_CASE("a queue whose handlers are all stuck stays bounded", "[client][queue]") {
  Fixture f;
  MonoTime now = read_clock().mono;
  // The server sends a message again whenever its timeout passed.
  for (int i = 0; i < 100; ++i) {
    f.queue.push(f.message("again"), now);
    now += Seconds(60);
  }
  CHECK(f.queue.expired() == 99);
}

TEST_CASE("closing ends the waits and drops what is there", "[client][queue]") {
  Fixture f;
  std::optional<Message> got = f.message("placeholder");
  std::jthread waiter([&] { got = f.queue.pop_blocking(); });
  f.queue.close();
  waiter.join();
  CHECK_FALSE(got.has_value());
  f.queue.push(f.message("late"), read_clock().mono);
  CHECK_FALSE(f.queue.pop_blocking().has_value());
}
