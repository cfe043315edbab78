#include "tests/torture/topic_ledger.hpp"

#include <chrono>
#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

// The checker must find what is wrong, and only that: here the daemon is played by hand.
namespace nsq::torture {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFirst = 0;
constexpr std::size_t kSecond = 1;
constexpr Nanos kMillisecond = 1'000'000;

struct Played {
  Report report;
  TopicLedger ledger{{.name = "t",
                      .durability = "disk",
                      .channels = {{.name = "first"}, {.name = "second", .late = true}}},
                     0,
                     1,
                     report};

  Played() {
    ledger.created(kFirst);
    ledger.begin_run(1);
  }

  Sequence publish(milliseconds delay = milliseconds(0)) {
    const Batch batch = ledger.begin(1, delay, "PUB");
    ledger.acknowledged(batch);
    return batch.first;
  }

  // The message as an honest daemon would deliver it.
  test::Message message(Sequence sequence, std::uint16_t attempts = 1) {
    auto& timestamp = timestamps_[sequence];
    if (timestamp == 0) timestamp = now();
    return {.timestamp = timestamp,
            .attempts = attempts,
            .id = fmt::format("{:016x}", 1000 + sequence),
            .body = ledger.body(sequence)};
  }

  void deliver(Sequence sequence, std::uint16_t attempts = 1, std::size_t channel = kFirst) {
    ledger.delivered(channel, message(sequence, attempts), now());
  }
  void finish(Sequence sequence, std::uint16_t attempts = 1) {
    ledger.finish_sent(kFirst, sequence);
    ledger.finished(kFirst, sequence, attempts);
  }
  void next_run(Ending ending) {
    ledger.end_run(ending);
    ledger.begin_run(++run_);
  }
  bool found(const std::string& kind) const {
    return report.text().find(kind) != std::string::npos;
  }

 private:
  int run_ = 1;
  std::map<Sequence, Nanos> timestamps_;
};

TEST_CASE("the ledger is content when all that was promised is finished", "[torture]") {
  Played played;
  const Sequence kept = played.publish();
  played.ledger.begin(1, milliseconds(0), "PUB");  // never answered
  played.deliver(kept);
  played.next_run(Ending::killed);
  played.deliver(kept);  // again, and with the same attempts
  played.finish(kept);
  played.next_run(Ending::killed);
  played.deliver(kept, 2);  // the FIN was not written yet
  played.finish(kept, 2);
  played.next_run(Ending::stopped);
  played.ledger.verify();
  CHECK(played.report.text() == "");
}

TEST_CASE("the ledger finds a message that was never delivered, and one never finished",
          "[torture]") {
  Played played;
  played.publish();
  const Sequence delivered = played.publish();
  played.deliver(delivered);
  played.ledger.verify();
  CHECK(played.found("LOST: 2"));
  CHECK(played.found("t/first message 0 (published in run 1 by PUB): never delivered"));
  CHECK(played.found("t/first message 1 (published in run 1 by PUB): delivered 1 times"));
}

TEST_CASE("a refused FIN finishes nothing", "[torture]") {
  Played played;
  const Sequence message = played.publish();
  played.deliver(message);
  played.ledger.finish_sent(kFirst, message);
  played.ledger.finish_refused(kFirst, message);
  played.ledger.verify();
  CHECK(played.found("LOST: 1"));
}

TEST_CASE("a channel is owed what was published after it was created", "[torture]") {
  Played played;
  const Sequence before = played.publish();
  played.deliver(before);
  played.finish(before);
  played.ledger.created(kSecond);
  const Nanos created = now();
  while (now() == created) continue;  // so that the next publish is later
  const Sequence after = played.publish();
  played.deliver(after);
  played.finish(after);
  played.ledger.verify();
  CHECK(played.found("LOST: 1"));
  CHECK(played.found("t/second message 1"));
}

TEST_CASE("the ledger finds what changed", "[torture]") {
  Played played;
  const Sequence sequence = played.publish();
  played.deliver(sequence);
  test::Message changed = played.message(sequence, 2);
  const std::string part = GENERATE("id", "timestamp", "body");
  if (part == "id") changed.id = "00000000000000ff";
  if (part == "timestamp") changed.timestamp += 1;
  if (part == "body") changed.body += "x";
  played.ledger.delivered(kFirst, changed, now());
  CHECK(played.found(part == "body" ? "a body that was not published" : "id or timestamp changed"));
}

TEST_CASE("the ledger finds a timestamp that is not that of the publish", "[torture]") {
  Played played;
  const Nanos wrong = GENERATE(-3'600'000, 3'600'000);
  test::Message message = played.message(played.publish());
  message.timestamp += wrong * kMillisecond;
  played.ledger.delivered(kFirst, message, now());
  CHECK(played.found("a timestamp that is not that of the publish"));
}

TEST_CASE("the ledger finds an id used twice", "[torture]") {
  Played played;
  const Sequence first = played.publish();
  const Sequence second = played.publish();
  test::Message same = played.message(second);
  same.id = played.message(first).id;
  played.deliver(first);
  played.ledger.delivered(kFirst, same, now());
  played.ledger.verify();
  CHECK(played.found("an id used twice"));
}

TEST_CASE("the ledger finds a finished message that comes back", "[torture]") {
  Played played;
  const Sequence sequence = played.publish();
  played.deliver(sequence);
  played.finish(sequence);
  SECTION("in the same life") {
    played.deliver(sequence, 2);
    CHECK(played.found("delivered after it was finished: 1"));
  }
  SECTION("after a clean stop, also when a kill came between") {
    played.next_run(Ending::stopped);
    played.next_run(Ending::killed);
    played.deliver(sequence, 2);
    CHECK(played.found("delivered after it was finished and nsqd stopped cleanly"));
  }
  SECTION("after everything was drained and forgotten") {
    played.next_run(Ending::stopped);
    played.ledger.forget();
    played.deliver(sequence, 2);
    CHECK(played.found("delivered after it was finished and nsqd stopped cleanly"));
  }
}

TEST_CASE("the ledger finds attempts that were set back or repeated", "[torture]") {
  Played played;
  const Sequence sequence = played.publish();
  played.deliver(sequence, 3);
  SECTION("in one life") {
    played.deliver(sequence, 3);
    CHECK(played.found("the same attempts twice"));
  }
  SECTION("below what a clean stop had seen") {
    played.next_run(Ending::stopped);
    played.next_run(Ending::killed);
    played.deliver(sequence, 3);
    CHECK(played.found("attempts were set back"));
  }
  SECTION("but a kill may forget them") {
    played.next_run(Ending::killed);
    played.deliver(sequence, 1);
    CHECK(played.report.clean());
  }
}

TEST_CASE("the ledger finds what comes before it is due", "[torture]") {
  Played played;
  SECTION("by its publish") {
    played.deliver(played.publish(milliseconds(3'600'000)));
    CHECK(played.found("deferred by its publish"));
  }
  SECTION("within the tolerance") {
    played.deliver(played.publish(milliseconds(2)));
    CHECK(played.report.clean());
  }
  const Sequence sequence = played.publish();
  played.deliver(sequence);
  played.ledger.requeue_sent(kFirst, sequence, 1, now() + 3'600'000 * kMillisecond);
  SECTION("by its REQ") {
    played.ledger.requeued(kFirst, sequence);
    played.deliver(sequence, 2);
    CHECK(played.found("deferred by its REQ"));
  }
  SECTION("before it was known that the REQ was taken") {
    played.deliver(sequence, 2);
    CHECK(played.report.clean());
    played.ledger.requeued(kFirst, sequence);
    CHECK(played.found("deferred by its REQ"));
  }
  SECTION("by its REQ, over a clean stop") {
    played.ledger.requeued(kFirst, sequence);
    played.next_run(Ending::stopped);
    played.deliver(sequence, 2);
    CHECK(played.found("deferred by its REQ"));
  }
  SECTION("but a kill right after the REQ may forget it") {
    played.ledger.requeued(kFirst, sequence);
    played.next_run(Ending::killed);
    played.deliver(sequence, 1);
    CHECK(played.report.clean());
  }
  SECTION("and a REQ that was refused says nothing") {
    played.ledger.requeue_void(kFirst, sequence);
    played.deliver(sequence, 2);
    CHECK(played.report.clean());
  }
}

TEST_CASE("the ledger finds deliveries from a paused channel", "[torture]") {
  Played played;
  played.ledger.set_paused_all_run(kFirst, true);
  played.deliver(played.publish());
  CHECK(played.found("delivered although the channel was paused"));
}

TEST_CASE("of a topic that may lose, only contradictions count", "[torture]") {
  Report report;
  TopicLedger ledger(
      {.name = "m", .durability = "memory", .lossless = false, .channels = {{.name = "c"}}}, 0, 1,
      report);
  ledger.created(kFirst);
  ledger.begin_run(1);
  ledger.acknowledged(ledger.begin(5, milliseconds(0), "MPUB"));
  ledger.end_run(Ending::killed);
  ledger.verify();
  CHECK(report.clean());
}

}  // namespace
}  // namespace nsq::torture
