#include "nsqd/storage/recovery.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/storage/store_fixture.hpp"

using namespace nsqd;

namespace {

std::uint64_t depth(const std::shared_ptr<Channel>& channel) {
  return channel->stats(false).depth;
}

}  // namespace

TEST_CASE("a clean restart knows all there was", "[storage][recovery]") {
  StoreFixture f;
  const auto durability = GENERATE(Durability::disk, Durability::sync, Durability::memory);
  f.topic("t")->set_durability(durability);
  f.channel("t", "c");
  f.publish_safely(*f.topic("t"), {"a", "b", "c"});
  f.restart();
  CHECK(f.topic("t")->durability() == durability);
  CHECK(depth(f.channel("t", "c")) == 3);
  CHECK(f.topic("t")->stats({}, false).depth == 0);
}

TEST_CASE("a deleted topic stays deleted", "[storage][recovery]") {
  StoreFixture f;
  f.publish_safely(*f.topic("t"), {"a"});
  REQUIRE(f.broker->delete_topic("t"));
  f.restart();
  CHECK(f.broker->find_topic("t") == nullptr);
}

TEST_CASE("a deferred message of a clean stop is counted once", "[storage][recovery]") {
  StoreFixture f;
  f.channel("t", "c");
  Effects effects;
  REQUIRE(f.topic("t")
              ->publish_deferred("m", nsq::Seconds(GENERATE(5, 5000)), *f.journal,
                                 nsq::read_clock(), effects)
              .has_value());
  static_cast<void>(f.commit());
  f.restart();
  CHECK(f.channel("t", "c")->stats(false).deferred_count == 1);
}
