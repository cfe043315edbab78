#include "clients/tools/nsq_bench/tracker.hpp"

#include <array>
#include <cstdint>

#include <catch2/catch.hpp>

using namespace nsq::bench;

namespace {

constexpr std::uint16_t kRun = 4711;

void mark_range(Tracker& tracker, std::uint64_t publisher, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) tracker.mark(first_identity(kRun, publisher) + i);
}

}  // namespace

TEST_CASE("an identity gives back what it was made of", "[nsq_bench][tracker]") {
  const std::uint64_t identity = first_identity(65535, kMaxPublishers - 1) + kSequenceMask;
  CHECK(run_of(identity) == 65535);
  CHECK(publisher_of(identity) == kMaxPublishers - 1);
  CHECK(sequence_of(identity) == kSequenceMask);
}

TEST_CASE("a run in which everything came once lost and repeated nothing", "[nsq_bench][tracker]") {
  Tracker tracker(kRun);
  mark_range(tracker, 0, 0, 100'000);
  mark_range(tracker, 1, 0, 65);
  CHECK(tracker.distinct() == 100'065);
  CHECK(tracker.repeated() == 0);
  CHECK(tracker.gaps() == 0);
  CHECK(tracker.lost(std::array<std::uint64_t, 2>{100'000, 65}) == 0);
}

TEST_CASE("what was sent and did not come is lost, at any place", "[nsq_bench][tracker]") {
  const std::uint64_t missing = GENERATE(0u, 1u, 63u, 64u, 65u, 127u, 128u, 199u);
  CAPTURE(missing);
  Tracker tracker(kRun);
  mark_range(tracker, 3, 0, missing);
  mark_range(tracker, 3, missing + 1, 200);
  CHECK(tracker.lost(std::array<std::uint64_t, 4>{0, 0, 0, 200}) == 1);
  // Without knowing what was sent, the last one's absence cannot be seen.
  CHECK(tracker.gaps() == (missing == 199 ? 0 : 1));
}

TEST_CASE("a publisher of whom nothing came lost everything", "[nsq_bench][tracker]") {
  const Tracker tracker(kRun);
  CHECK(tracker.lost(std::array<std::uint64_t, 1>{70}) == 70);
}

TEST_CASE("a second arrival is a repetition and no further message", "[nsq_bench][tracker]") {
  Tracker tracker(kRun);
  mark_range(tracker, 0, 0, 10);
  mark_range(tracker, 0, 5, 7);
  CHECK(tracker.distinct() == 10);
  CHECK(tracker.repeated() == 2);
}

TEST_CASE("another run's messages are foreign", "[nsq_bench][tracker]") {
  Tracker tracker(kRun);
  CHECK_FALSE(tracker.mark(first_identity(kRun + 1, 0)));
  tracker.mark_foreign();
  CHECK(tracker.foreign() == 2);
  CHECK(tracker.distinct() == 0);
}

TEST_CASE("without a run the first message's is taken", "[nsq_bench][tracker]") {
  Tracker tracker;
  CHECK(tracker.mark(first_identity(9, 0)));
  CHECK_FALSE(tracker.mark(first_identity(10, 0)));
  CHECK(tracker.distinct() == 1);
}

TEST_CASE("an absurd sequence number takes no memory", "[nsq_bench][tracker]") {
  Tracker tracker(kRun);
  CHECK_FALSE(tracker.mark(first_identity(kRun, 0) + kSequenceMask));
  CHECK(tracker.foreign() == 1);
}

TEST_CASE("merging finds what two threads both saw", "[nsq_bench][tracker]") {
  Tracker one(kRun);
  Tracker two(kRun);
  mark_range(one, 0, 0, 100);
  mark_range(two, 0, 90, 300);
  Tracker sum;
  sum.merge(one);
  sum.merge(two);
  CHECK(sum.distinct() == 300);
  CHECK(sum.repeated() == 10);
  CHECK(sum.lost(std::array<std::uint64_t, 1>{300}) == 0);
}
