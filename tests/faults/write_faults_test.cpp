#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/faults/bench.hpp"
#include "tests/support/eventually.hpp"

// The disk refuses what is written, for a while.
namespace nsq::test {
namespace {

using nsqd::Durability;

/// Bodies `name`0, `name`1, ...
std::vector<std::string> numbered(const std::string& name, int count) {
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) bodies.push_back(name + std::to_string(i));
  return bodies;
}

Bodies as_bodies(const std::vector<std::string>& bodies) {
  return {bodies.begin(), bodies.end()};
}

struct Case {
  const char* name;
  FileOperation operation;
  rocksdb::IOStatus status;
  const char* reason;
  Durability durability;
};

const Case kCases[] = {
    {"a device error", FileOperation::append, device_error(), "Input/output error",
     Durability::disk},
    {"a full disk", FileOperation::append, disk_full(), "No space left", Durability::disk},
    {"a lost permission", FileOperation::append, no_permission(), "Permission denied",
     Durability::disk},
    // What is tried next may be told instead, as the log is opened anew.
    {"a failed sync", FileOperation::sync, device_error(), "IO error", Durability::sync},
};

TEST_CASE("a failed write fails its publishes until the disk works again", "[faults]") {
  const Case& fault = kCases[GENERATE(range(std::size_t{0}, std::size(kCases)))];
  CAPTURE(fault.name);
  Bench bench;
  bench.topic("t")->set_durability(fault.durability);
  for (const char* name : {"now", "later", "afterwards"}) bench.channel("t", name);
  const auto before = numbered("before", 100);
  REQUIRE(bench.publish("t", before).has_value());

  bench.disk().fail(fault.operation, fault.status, ".log");
  const auto failed = bench.publish("t", "failed");
  REQUIRE_FALSE(failed.has_value());
  CHECK_THAT(failed.error().text(), Catch::Contains(fault.reason));
  CHECK_FALSE(bench.available());
  CHECK_THAT(bench.refusal(), Catch::Contains(fault.reason));
  const auto refused = bench.publish("t", "refused");
  REQUIRE_FALSE(refused.has_value());
  CHECK_THAT(refused.error().text(), Catch::Contains(fault.reason));
  CHECK_THAT(bench.health().text(), Catch::StartsWith("NOK - ") && Catch::Contains(fault.reason));

  // What was acknowledged can be consumed meanwhile, from the log too.
  const Bodies got = bench.drain("t", "now");
  CHECK(includes(got, as_bodies(before)));
  CHECK(includes(as_bodies(before) + Bodies{"failed"}, got));

  bench.disk().repair();
  CHECK(bench.await_health("OK") == "OK");
  CHECK(bench.available());
  const auto after = numbered("after", 100);
  REQUIRE(bench.publish("t", after).has_value());
  const Bodies acknowledged = as_bodies(before) + as_bodies(after);
  const Bodies all = acknowledged + Bodies{"failed"};
  const Bodies later = bench.drain("t", "later");
  CHECK(includes(later, acknowledged));
  CHECK(includes(all, later));

  bench.restart();
  CHECK(includes(bench.drain("t", "now") + got, acknowledged));
  const Bodies afterwards = bench.drain("t", "afterwards");
  CHECK(includes(afterwards, acknowledged));
  CHECK(includes(all, afterwards));
}

TEST_CASE("a table that cannot be written in the background", "[faults]") {
  const auto status = GENERATE(disk_full(), device_error());
  CAPTURE(status.ToString());
  Bench bench;
  bench.channel("t", "now");
  bench.channel("t", "afterwards");
  const std::string padding(1 << 20, 'x');
  constexpr std::size_t kPrefix = 4;
  Bodies acknowledged;
  bench.disk().fail(FileOperation::append, status, ".sst");
  nsq::Result<void> published;
  for (int i = 1000; i < 1400 && published; ++i) {
    published = bench.publish("t", std::to_string(i) + padding);
    if (published) acknowledged.insert(std::to_string(i));
  }
  REQUIRE_FALSE(published.has_value());
  const std::string failed = std::to_string(1000 + acknowledged.size());
  CHECK(bench.await_health("NOK - ").starts_with("NOK - "));
  const Bodies now = bench.drain("t", "now", acknowledged.size(), kPrefix);
  CHECK(includes(acknowledged + Bodies{failed}, now));
  CHECK(now.size() == acknowledged.size());

  bench.disk().repair();
  CHECK(bench.await_health("OK") == "OK");
  REQUIRE(bench.publish("t", "last" + padding).has_value());
  acknowledged.insert("last");
  bench.restart();
  const Bodies afterwards = bench.drain("t", "afterwards", std::string::npos, kPrefix);
  CHECK(includes(afterwards, acknowledged));
  CHECK(includes(acknowledged + Bodies{failed}, afterwards));
}

TEST_CASE("a sync that fails when nobody waits for it", "[faults]") {
  Bench bench({.limits = Bench::little_memory(), .sync = {.every = 0, .timeout = Seconds(1)}});
  bench.channel("t", "c");
  bench.disk().fail(FileOperation::sync, device_error(), ".log");
  REQUIRE(bench.publish("t", "written").has_value());
  CHECK(bench.await_health("NOK - ").starts_with("NOK - "));
  bench.disk().repair();
  // Nothing is published or consumed that could wake anybody.
  CHECK(bench.await_health("OK") == "OK");
  bench.restart();
  CHECK(bench.drain("t", "c") == Bodies{"written"});
}

TEST_CASE("a sync beside a write that fails", "[faults]") {
  Bench bench;
  bench.close();
  for (int round = 0; round < 50; ++round) {
    nsqd::Database database(bench.database_config(), bench.health(), bench.logger());
    REQUIRE(database.open().has_value());
    const std::jthread syncer([&database] {
      while (database.sync().ok()) {
      }
    });
    rocksdb::Status written;
    for (int i = 0; written.ok(); ++i) {
      if (i == round) bench.disk().fail(FileOperation::append, device_error(), ".log");
      rocksdb::WriteBatch batch;
      REQUIRE(batch.Put(database.family(nsqd::Family::meta), "key", "value").ok());
      written = database.write(batch, true);
    }
    CHECK(database.broken());
    bench.disk().repair();
  }
  bench.health().set_ok();
  bench.open();
}

TEST_CASE("consumers go on while the log cannot be opened for writing", "[faults]") {
  Bench bench;
  bench.channel("t", "now");
  bench.channel("t", "afterwards");
  const auto before = numbered("before", 200);
  REQUIRE(bench.publish("t", before).has_value());
  // A small file can be written, but not what opening needs: a nearly full disk.
  bench.disk().fail(FileOperation::append, disk_full(), ".log");
  bench.disk().fail(FileOperation::append, disk_full(), ".sst");
  REQUIRE_FALSE(bench.publish("t", "failed").has_value());
  const auto refusals = bench.disk().refusals();
  // Until it has been tried.
  CHECK(eventually([&] { return bench.disk().refusals() > refusals; }));
  CHECK(includes(bench.drain("t", "now"), as_bodies(before)));
  CHECK(bench.health().text().starts_with("NOK - "));

  bench.disk().repair();
  CHECK(bench.await_health("OK") == "OK");
  REQUIRE(bench.publish("t", "after").has_value());
  bench.restart();
  const Bodies afterwards = bench.drain("t", "afterwards");
  CHECK(includes(afterwards, as_bodies(before) + Bodies{"after"}));
}

TEST_CASE("a disk that stays broken does not fill the log file", "[faults]") {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.channel("t" + std::to_string(i), "c");
    REQUIRE(bench.publish("t" + std::to_string(i), "m").has_value());
  }
  bench.disk().fail(FileOperation::open_for_writing, no_permission());
  bench.disk().fail(FileOperation::append, no_permission());
  REQUIRE_FALSE(bench.publish("t0", "failed").has_value());
  for (int i = 0; i < 10; ++i) {
    CHECK(bench.drain("t" + std::to_string(i), "c").count("m") == 1);  // cursors to be written
  }
  const auto refusals = bench.disk().refusals();
  CHECK(eventually([&] { return bench.disk().refusals() >= refusals + 5; }));
  // One for the fault; at most one for each topic that was about to be saved at that moment.
  CHECK(bench.lines().errors() <= 11);
}

TEST_CASE("what becomes due while the disk is broken is not lost", "[faults]") {
  Bench bench;
  bench.channel("t", "c");
  constexpr auto kDelay = Milliseconds(300);
  REQUIRE(bench.defer("t", "deferred", kDelay).has_value());
  const auto due = read_clock().mono + kDelay;
  bench.disk().fail(FileOperation::append, device_error(), ".log");
  REQUIRE_FALSE(bench.publish("t", "failed").has_value());
  REQUIRE(eventually([&] {
    bench.turn();
    return read_clock().mono > due;
  }));
  bench.turn();
  bench.disk().repair();
  CHECK(bench.await_health("OK") == "OK");
  CHECK(bench.drain("t", "c").count("deferred") == 1);
}

TEST_CASE("a topic that came while the disk was broken", "[faults]") {
  Bench bench;
  bench.channel("old", "c");
  bench.disk().fail(FileOperation::append, device_error(), ".log");
  REQUIRE_FALSE(bench.publish("old", "failed").has_value());
  bench.channel("new", "c");
  REQUIRE_FALSE(bench.publish("new", "refused").has_value());
  bench.disk().repair();
  CHECK(bench.await_health("OK") == "OK");
  REQUIRE(bench.publish("new", "taken").has_value());
  bench.lose_power();  // which leaves what is synced
  bench.open();
  bench.topic("new")->set_durability(Durability::sync);
  REQUIRE(bench.publish("new", "synced").has_value());
  bench.lose_power();
  bench.open();
  CHECK(includes(bench.drain("new", "c"), {"synced"}));
}

TEST_CASE("with less free disk than asked for publishes are refused, and reading goes on",
          "[faults]") {
  Bench plenty;
  plenty.channel("t", "c");
  REQUIRE(plenty.publish("t", "m").has_value());
  Bench bench({.limits = Bench::little_memory(), .sync = {}, .min_free_disk = UINT64_MAX});
  CHECK_FALSE(bench.available());
  CHECK_THAT(bench.refusal(), Catch::Contains("--min-free-disk"));
  CHECK_THAT(bench.health().text(), Catch::StartsWith("NOK - disk full"));
  CHECK_FALSE(bench.publish("t", "m").has_value());
}

}  // namespace
}  // namespace nsq::test
