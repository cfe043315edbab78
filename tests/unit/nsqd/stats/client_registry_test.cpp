#include "nsqd/stats/client_registry.hpp"

#include <catch2/catch.hpp>

#include "nsqd/storage/health.hpp"

namespace nsqd {
namespace {

constexpr nsq::WallTime kStart{nsq::Seconds(1'700'000'000)};

TEST_CASE("before IDENTIFY client_id and hostname are the peer's IP", "[nsqd][stats]") {
  const auto [remote, ip] = GENERATE(table<std::string, std::string>(
      {{"10.0.0.1:4000", "10.0.0.1"}, {"[::1]:4000", "::1"}, {"@", ""}}));
  CAPTURE(remote);
  ClientRegistry registry;
  const auto record = registry.add(remote, kStart);
  const ClientSnapshot client = record->snapshot();
  CHECK(client.remote_address == remote);
  CHECK(client.identity.client_id == ip);
  CHECK(client.identity.hostname == ip);
  CHECK(client.state == 0);
  CHECK(client.connected_at == kStart);
}

TEST_CASE("after IDENTIFY they are what it said, even if empty", "[nsqd][stats]") {
  ClientRegistry registry;
  const auto record = registry.add("10.0.0.1:4000", kStart);
  ClientIdentity identity;
  identity.hostname = "box";
  record->set_identity(identity);
  record->set_state(3);
  const ClientSnapshot client = record->snapshot();
  CHECK(client.identity.client_id.empty());
  CHECK(client.identity.hostname == "box");
  CHECK(client.state == 3);
}

TEST_CASE("a record leaves the registry with its last owner", "[nsqd][stats]") {
  ClientRegistry registry;
  auto first = registry.add("10.0.0.1:1", kStart);
  const auto second = registry.add("10.0.0.1:2", kStart);
  CHECK(first->connection() != second->connection());
  CHECK(registry.count() == 2);
  first.reset();
  REQUIRE(registry.count() == 1);
  CHECK(registry.snapshot().at(0).connection == second->connection());
}

TEST_CASE("a record may outlive the registry", "[nsqd][stats]") {
  std::shared_ptr<ClientRecord> record;
  {
    ClientRegistry registry;
    record = registry.add("10.0.0.1:1", kStart);
  }
  record->count_publish("t", 1);
  CHECK(record->snapshot().pub_counts.size() == 1);
}

TEST_CASE("publishes are counted by topic", "[nsqd][stats]") {
  ClientRegistry registry;
  const auto record = registry.add("10.0.0.1:1", kStart);
  CHECK(record->snapshot().pub_counts.empty());
  record->count_publish("b", 1);
  record->count_publish("a", 200);
  record->count_publish("b", 1);
  record->count_publish("b", 3);
  const auto counts = record->snapshot().pub_counts;
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].topic == "a");
  CHECK(counts[0].count == 200);
  CHECK(counts[1].topic == "b");
  CHECK(counts[1].count == 5);
}

TEST_CASE("health is OK until a write fails and again after one succeeds", "[nsqd][stats]") {
  Health health;
  CHECK(health.text() == "OK");
  health.set_failed("disk full");
  CHECK_FALSE(health.ok());
  CHECK(health.text() == "NOK - disk full");
  health.set_ok();
  CHECK(health.ok());
  CHECK(health.text() == "OK");
}

}  // namespace
}  // namespace nsqd
