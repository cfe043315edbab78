#include "nsqd/queue/deadline_index.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/nsqd/queue/fixture.hpp"

using namespace nsqd;

namespace {

class Target final : public Expirable {
 public:
  void expire(nsq::Now now) override {
    ++calls;
    last = now.mono;
    if (on_expire) on_expire();
  }
  int calls = 0;
  nsq::MonoTime last{};
  std::function<void()> on_expire;
};

nsq::Now now_at(Nanoseconds offset) {
  return {at(offset), nsq::WallTime{}};
}

}  // namespace

TEST_CASE("an object is looked at once, when its deadline has come", "[queue][deadlines]") {
  DeadlineIndex index;
  const auto target = std::make_shared<Target>();
  index.arm(target, at(Seconds(5)));
  CHECK(index.next() == at(Seconds(5)));
  index.expire_due(now_at(Seconds(5) - Nanoseconds(1)));
  CHECK(target->calls == 0);
  index.expire_due(now_at(Seconds(5)));
  CHECK(target->calls == 1);
  CHECK(target->last == at(Seconds(5)));
  CHECK_FALSE(index.next().has_value());
  index.expire_due(now_at(Seconds(50)));
  CHECK(target->calls == 1);
}

TEST_CASE("an earlier deadline replaces the armed one, a later one changes nothing",
          "[queue][deadlines]") {
  DeadlineIndex index;
  const auto target = std::make_shared<Target>();
  index.arm(target, at(Seconds(5)));
  index.arm(target, at(Seconds(8)));
  CHECK(index.next() == at(Seconds(5)));
  index.arm(target, at(Seconds(2)));
  CHECK(index.next() == at(Seconds(2)));
  index.expire_due(now_at(Seconds(20)));
  CHECK(target->calls == 1);
}

TEST_CASE("the timer is told only when the first deadline became earlier", "[queue][deadlines]") {
  int told = 0;
  DeadlineIndex index([&] { ++told; });
  const auto a = std::make_shared<Target>();
  const auto b = std::make_shared<Target>();
  index.arm(a, at(Seconds(5)));
  CHECK(told == 1);
  index.arm(b, at(Seconds(6)));
  CHECK(told == 1);
  index.arm(b, at(Seconds(5)));  // ties go behind: nothing is earlier
  CHECK(told == 1);
  index.arm(b, at(Seconds(4)));
  CHECK(told == 2);
}

TEST_CASE("objects with one deadline are all looked at, in the order of arming",
          "[queue][deadlines]") {
  DeadlineIndex index;
  std::vector<int> order;
  std::vector<std::shared_ptr<Target>> targets;
  for (int i = 0; i < 4; ++i) {
    targets.push_back(std::make_shared<Target>());
    targets.back()->on_expire = [&order, i] { order.push_back(i); };
    index.arm(targets.back(), at(Seconds(1)));
  }
  index.expire_due(now_at(Seconds(1)));
  CHECK(order == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("what is disarmed is not looked at", "[queue][deadlines]") {
  DeadlineIndex index;
  const auto target = std::make_shared<Target>();
  index.disarm(target);  // nothing armed: no matter
  index.arm(target, at(Seconds(1)));
  index.disarm(target);
  CHECK_FALSE(index.next().has_value());
  index.expire_due(now_at(Seconds(2)));
  CHECK(target->calls == 0);
  index.arm(target, at(Seconds(3)));
  CHECK(index.next() == at(Seconds(3)));
}

TEST_CASE("an object may go while it is armed", "[queue][deadlines]") {
  DeadlineIndex index;
  auto gone = std::make_shared<Target>();
  const auto stays = std::make_shared<Target>();
  index.arm(gone, at(Seconds(1)));
  index.arm(stays, at(Seconds(1)));
  gone.reset();
  index.expire_due(now_at(Seconds(1)));
  CHECK(stays->calls == 1);
  CHECK_FALSE(index.next().has_value());
}

TEST_CASE("an object arms itself again while it is looked at, without being looked at twice",
          "[queue][deadlines]") {
  DeadlineIndex index;
  const auto target = std::make_shared<Target>();
  target->on_expire = [&] { index.arm(target, at(Seconds(1))); };
  index.arm(target, at(Seconds(1)));
  index.expire_due(now_at(Seconds(2)));
  CHECK(target->calls == 1);
  CHECK(index.next() == at(Seconds(1)));
  target->on_expire = {};
}
