#include "nsqd/lookup/command_queue.hpp"

#include <catch2/catch.hpp>

namespace nsqd {
namespace {

constexpr std::size_t kAll = 100;

TEST_CASE("without a connection nothing is kept", "[lookup]") {
  CommandQueue queue(10);
  queue.add({"REGISTER a"});
  CHECK(queue.empty());
  queue.lose_track();
  CHECK_FALSE(queue.lost_track());
}

TEST_CASE("first everything, then what changed, in batches", "[lookup]") {
  CommandQueue queue(10);
  queue.connect({"REGISTER a", "REGISTER b c", "REGISTER d"});
  queue.add({"UNREGISTER a"});
  CHECK(queue.take(2) == LookupCommands{"REGISTER a", "REGISTER b c"});
  queue.add({"REGISTER e"});
  CHECK(queue.take(kAll) == LookupCommands{"REGISTER d", "UNREGISTER a", "REGISTER e"});
  CHECK(queue.empty());
  CHECK(queue.take(kAll).empty());
}

TEST_CASE("the limit is about changes, not about what there is", "[lookup]") {
  CommandQueue queue(2);
  queue.connect({"REGISTER a", "REGISTER b", "REGISTER c"});
  queue.add({"REGISTER d", "REGISTER e"});
  CHECK_FALSE(queue.lost_track());
  CHECK(queue.take(4).size() == 4);
  queue.add({"REGISTER f"});  // beside "REGISTER e"
  CHECK_FALSE(queue.lost_track());
  queue.add({"REGISTER g"});
  CHECK(queue.lost_track());
  CHECK(queue.empty());
}

TEST_CASE("what is lost is made good by a new connection", "[lookup]") {
  CommandQueue queue(1);
  queue.connect({});
  queue.lose_track();
  CHECK(queue.lost_track());
  queue.add({"REGISTER a"});
  CHECK(queue.empty());
  queue.disconnect();
  CHECK_FALSE(queue.lost_track());
  queue.connect({"REGISTER a"});
  CHECK(queue.take(kAll) == LookupCommands{"REGISTER a"});
}

}  // namespace
}  // namespace nsqd
