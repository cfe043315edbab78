#include "clients/tools/nsq_bench/fleet.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "clients/tools/nsq_bench/supervise.hpp"
#include "tests/unit/clients/tools/nsq_bench/fake_nsqd.hpp"

using namespace nsq::bench;
using nsq::bench::test::FakeNsqd;

namespace {

constexpr std::uint16_t kRun = 77;

Options options_for(const FakeNsqd& server) {
  Options options;
  options.mode = Mode::pubsub;
  options.tcp_address = server.address();
  options.messages = 2'000;
  options.json_only = true;
  options.idle = nsq::Milliseconds(200);
  options.timeout = nsq::Seconds(60);
  return options;
}

// Publishes and consumes until everything arrived, or until nothing does any more.
Ending run(Fleet& fleet, const Options& options, const std::vector<std::string>& channels) {
  const auto size = static_cast<std::size_t>(options.body_bytes);
  const Command command = options.batch == 1
                              ? make_pub("t", size)
                              : make_mpub("t", static_cast<std::size_t>(options.batch), size);
  auto consuming = fleet.add_consumers(options, channels, kRun, true);
  REQUIRE(consuming.has_value());
  auto publishing = fleet.add_publishers(options, command, scan_frame_replies, kRun);
  REQUIRE(publishing.has_value());
  return supervise(fleet, options, [&] {
    return fleet.published() && fleet.received_by_slowest() >= fleet.sent();
  });
}

}  // namespace

TEST_CASE("what is published is consumed, counted and finished", "[nsq_bench][fleet]") {
  FakeNsqd server;
  Options options = options_for(server);
  options.idle = nsq::Seconds(60);
  SECTION("single PUBs") {}
  SECTION("MPUBs") {
    options.batch = 100;
  }
  SECTION("several connections and threads") {
    options.connections = 3;
    options.threads = 2;
  }
  SECTION("one command at a time") {
    options.depth = 1;
  }
  SECTION("paced") {
    options.rate = 20'000;
  }
  SECTION("no further ahead than a window") {
    options.batch = 10;
  }
  Fleet fleet(options.threads);
  if (options.batch == 10) fleet.limit_backlog(50);
  REQUIRE(run(fleet, options, {"a", "b"}) == Ending::finished);
  CHECK(fleet.health().errors() == 0);
  CHECK(fleet.sent() == 2'000);
  CHECK(fleet.answered() == 2'000);
  CHECK(fleet.received() == 4'000);
  const std::vector<std::uint64_t> sent = fleet.sent_by_publisher();
  for (std::size_t channel = 0; channel < 2; ++channel) {
    CHECK(fleet.channel(channel).lost(sent) == 0);
    CHECK(fleet.channel(channel).distinct() == 2'000);
    CHECK(fleet.channel(channel).repeated() == 0);
    CHECK(fleet.channel(channel).foreign() == 0);
  }
  CHECK(fleet.latency()->count() == 4'000);
  CHECK(fleet.early() == 0);
  CHECK(fleet.answer_latency()->count() == 2'000 / static_cast<std::uint64_t>(options.batch));
}

TEST_CASE("a message that does not come is lost", "[nsq_bench][fleet]") {
  FakeNsqd server(FakeNsqd::Faults{.drop = 1'234});
  const Options options = options_for(server);
  Fleet fleet(1);
  CHECK(run(fleet, options, {"a"}) == Ending::idle);
  CHECK(fleet.channel(0).lost(fleet.sent_by_publisher()) == 1);
  CHECK(fleet.channel(0).repeated() == 0);
}

TEST_CASE("a message that comes twice is repeated", "[nsq_bench][fleet]") {
  FakeNsqd server(FakeNsqd::Faults{.drop = 3, .repeat = 1'500});
  const Options options = options_for(server);
  Fleet fleet(1);
  run(fleet, options, {"a"});
  CHECK(fleet.channel(0).repeated() == 1);
  CHECK(fleet.channel(0).lost(fleet.sent_by_publisher()) == 1);
}

TEST_CASE("an error for a publish ends the run with its text", "[nsq_bench][fleet]") {
  FakeNsqd server(FakeNsqd::Faults{.error_after = 100});
  const Options options = options_for(server);
  Fleet fleet(1);
  CHECK(run(fleet, options, {"a"}) == Ending::failed);
  CHECK(fleet.health().first_error() ==
        "publisher: the server answered: E_PUB_FAILED PUB failed exiting");
  CHECK(fleet.answered() < 2'000);
}

TEST_CASE("a connection that the server closes ends the run", "[nsq_bench][fleet]") {
  FakeNsqd server(FakeNsqd::Faults{.close_subscribers = true});
  const Options options = options_for(server);
  Fleet fleet(1);
  CHECK(run(fleet, options, {"a"}) == Ending::failed);
  CHECK(fleet.health().first_error().starts_with("consumer: "));
}

TEST_CASE("a server that is not there is an error of the connecting", "[nsq_bench][fleet]") {
  std::string address;
  {
    const FakeNsqd server;
    address = server.address();
  }
  Options options;
  options.tcp_address = address;
  Fleet fleet(1);
  auto opened = fleet.add_publishers(options, make_pub("t", 16), scan_frame_replies, kRun);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().context.find(address) != std::string::npos);
}
