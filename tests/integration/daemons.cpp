#include "tests/integration/daemons.hpp"

#include <memory>
#include <stdexcept>

#include <catch2/catch.hpp>

namespace nsq::test {
namespace {

using Slot = std::unique_ptr<Nsqd>;

Slot& plain_slot() {
  static Slot slot;
  return slot;
}

Slot& tight_slot() {
  static Slot slot;
  return slot;
}

Nsqd& running(Slot& slot, const std::vector<std::string>& args) {
  if (slot && !slot->process().running()) {
    const std::string log = slot->process().err();
    slot.reset();
    throw std::runtime_error("the shared nsqd died; its log:\n" + log);
  }
  if (!slot) slot = std::make_unique<Nsqd>(args);
  return *slot;
}

}  // namespace

Nsqd& plain_nsqd() {
  return running(plain_slot(), {});
}

Nsqd& tight_nsqd() {
  return running(tight_slot(),
                 {"--max-msg-size=100", "--max-body-size=1000", "--max-rdy-count=50",
                  "--mem-queue-size=10", "--max-channel-consumers=1", "--msg-timeout=1s",
                  "--max-msg-timeout=2s", "--max-req-timeout=1s", "--max-heartbeat-interval=300s",
                  "--max-deflate-level=3", "--snappy=false", "--deflate=false"});
}

std::vector<ExitStatus> stop_shared_daemons() {
  std::vector<ExitStatus> ended;
  for (Slot* slot : {&plain_slot(), &tight_slot()}) {
    if (!*slot) continue;
    ended.push_back((*slot)->process().stop());
    if (ended.back() != exited(0)) UNSCOPED_INFO((*slot)->process().err());
    slot->reset();
  }
  return ended;
}

// The last case in ctest's order by name: what a sanitizer reports at exit fails the run.
TEST_CASE("after all cases the shared daemons stop with status 0", "[integration]") {
  for (const ExitStatus& status : stop_shared_daemons()) CHECK(status == exited(0));
}

}  // namespace nsq::test
