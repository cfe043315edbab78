#include "clients/nsq/pool_nodes.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace nsq;
using namespace nsq::client;

namespace {

Address node(int number) {
  return {.host = "h", .port = static_cast<std::uint16_t>(number)};
}

/// The delays are 1 s, 2 s, 4 s ... 8 s.
PoolNodes nodes(PoolPolicy policy, int count) {
  PoolNodes made(policy, ReconnectSchedule(Seconds(2), Seconds(16), [] { return 0.5; }));
  std::vector<Address> all;
  for (int i = 1; i <= count; ++i) all.push_back(node(i));
  made.set(all);
  return made;
}

MonoTime at(int seconds) {
  return MonoTime{} + Seconds(seconds);
}

int port(const std::optional<Address>& picked) {
  return picked ? picked->port : 0;
}

}  // namespace

TEST_CASE("round robin takes each in turn, in_order the first", "[client][pool]") {
  PoolNodes robin = nodes(PoolPolicy::round_robin, 3);
  PoolNodes ordered = nodes(PoolPolicy::in_order, 3);
  for (int i = 0; i < 7; ++i) {
    CHECK(port(robin.pick(at(0), {})) == i % 3 + 1);
    CHECK(port(ordered.pick(at(0), {})) == 1);
  }
}

TEST_CASE("what was tried is not picked again, until nothing is left", "[client][pool]") {
  PoolNodes ordered = nodes(PoolPolicy::in_order, 3);
  CHECK(port(ordered.pick(at(0), {node(1)})) == 2);
  CHECK(port(ordered.pick(at(0), {node(1), node(2)})) == 3);
  CHECK(port(ordered.pick(at(0), {node(3), node(1), node(2)})) == 0);
  CHECK(port(nodes(PoolPolicy::in_order, 0).pick(at(0), {})) == 0);
}

TEST_CASE("a broken one is left alone, then tried by one, and later each time", "[client][pool]") {
  PoolNodes ordered = nodes(PoolPolicy::in_order, 2);
  CHECK(ordered.failed(node(1), at(0)));
  CHECK_FALSE(ordered.failed(node(1), at(0)));  // the publishes beside it
  CHECK(ordered.broken() == 1);
  CHECK(port(ordered.pick(at(0), {})) == 2);
  CHECK(port(ordered.pick(at(1), {})) == 1);  // the try
  CHECK(port(ordered.pick(at(1), {})) == 2);
  CHECK_FALSE(ordered.failed(node(1), at(2)));
  CHECK(port(ordered.pick(at(2), {})) == 2);
  CHECK(port(ordered.pick(at(3), {})) == 1);  // 2 s after the last try
  ordered.worked(node(1));
  CHECK(ordered.broken() == 0);
  CHECK(port(ordered.pick(at(3), {})) == 1);
  CHECK(ordered.failed(node(1), at(3)));
  CHECK(port(ordered.pick(at(4), {})) == 1);  // from the beginning
}

TEST_CASE("when all are broken, the one due first is the last resort", "[client][pool]") {
  PoolNodes robin = nodes(PoolPolicy::round_robin, 3);
  robin.failed(node(2), at(0));
  robin.failed(node(1), at(10));
  robin.failed(node(3), at(11));
  CHECK(port(robin.pick(at(10), {})) == 2);  // it is due
  CHECK(port(robin.pick(at(10), {node(2)})) == 1);
  CHECK(port(robin.pick(at(10), {node(2), node(1)})) == 3);
}

TEST_CASE("nodes come and go, and keep their state", "[client][pool]") {
  PoolNodes ordered = nodes(PoolPolicy::in_order, 3);
  ordered.failed(node(2), at(0));
  ordered.set({node(4), node(2)});
  CHECK_FALSE(ordered.contains(node(1)));
  CHECK(ordered.contains(node(4)));
  CHECK(ordered.size() == 2);
  CHECK(ordered.broken() == 1);
  CHECK(port(ordered.pick(at(0), {})) == 4);
  CHECK_FALSE(ordered.failed(node(1), at(0)));  // no longer of interest
  ordered.worked(node(1));
  ordered.set({});
  CHECK(ordered.empty());
}
