#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/faults/bench.hpp"

// The machine stops, and what was not synced is gone.
namespace nsq::test {
namespace {

using nsqd::Durability;

/// Publishes at random to a topic that is synced and one that is not, and remembers what was
/// acknowledged, in order.
class Publisher {
 public:
  Publisher(Bench& bench, std::mt19937& random) : bench_(bench), random_(random) {}

  void publish(int times) {
    for (int i = 0; i < times; ++i) {
      const bool synced = random_() % 3 == 0;
      std::vector<std::string> bodies;
      for (auto left = 1 + random_() % 20; left > 0; --left) bodies.push_back(body());
      REQUIRE(bench_.publish(synced ? "synced" : "written", bodies).has_value());
      auto& kept = synced ? synced_ : written_;
      kept.insert(kept.end(), bodies.begin(), bodies.end());
      if (synced) safe_ = written_.size();  // one file takes both
    }
  }

  /// Drains both topics and checks what must be there.
  void check() {
    CHECK(bench_.drain("synced", "c") == Bodies(synced_.begin(), synced_.end()));
    const Bodies written = bench_.drain("written", "c");
    CHECK(written.size() >= safe_);
    REQUIRE(written.size() <= written_.size());
    const auto end = written_.begin() + static_cast<std::ptrdiff_t>(written.size());
    CHECK(written == Bodies(written_.begin(), end));  // only the tail is missing
    synced_.clear();
    written_.clear();
    safe_ = 0;
  }

 private:
  std::string body() {
    const std::size_t size = random_() % 50 == 0 ? 300'000 : random_() % 300;
    return std::to_string(++last_) + "." + std::string(size, 'x');
  }

  Bench& bench_;
  std::mt19937& random_;
  std::vector<std::string> synced_;
  std::vector<std::string> written_;
  std::size_t safe_ = 0;
  std::uint64_t last_ = 0;
};

TEST_CASE("a loss of power takes nothing that is synced, and of the rest the tail", "[faults]") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Bench bench;
  bench.topic("synced")->set_durability(Durability::sync);
  bench.channel("synced", "c");
  bench.channel("written", "c");
  // The channels themselves must be on the disk.
  REQUIRE(bench.publish("synced", "first").has_value());
  CHECK(bench.drain("synced", "c") == Bodies{"first"});
  bench.restart();
  Publisher publisher(bench, random);
  std::uint64_t lost = 0;
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    publisher.publish(static_cast<int>(random() % 60));
    bench.lose_power();
    lost += bench.disk().lost_bytes();
    bench.open();
    publisher.check();
    bench.restart();  // in good order, so that what was consumed stays so
  }
  CHECK(lost > 0);
}

}  // namespace
}  // namespace nsq::test
