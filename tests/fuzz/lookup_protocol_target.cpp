#include <algorithm>
#include <string>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"
#include "nsqlookupd/registry/answers.hpp"
#include "nsqlookupd/registry/debug_answer.hpp"
#include "nsqlookupd/session/protocol.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {
namespace {

using namespace nsqlookupd;

/// Counts what is registered.
class Counter final : public RegistryObserver {
 public:
  void registered(const Peer&, const Key&) override { ++count; }
  void unregistered(const Peer&, const Key&, Removal) override { --count; }
  void topic_changed(std::string_view) override {}
  void has_departed() override {}
  int count = 0;
};

/// A connection and what it said and left behind.
struct Conversation {
  std::string replies;
  std::string topics;

  /// @param piece  so many bytes come at a time.
  Conversation(std::string_view input, std::size_t piece) {
    const Now now{.mono = MonoTime(Seconds(1)), .wall = WallTime(Seconds(1))};
    const std::string remote = "10.0.0.1:5";
    Counter counter;
    Registry registry({}, counter);
    SessionContext context{registry, "IDENTITY", Logger()};
    {
      Protocol protocol(context, remote);
      std::string unread;
      while (!input.empty() && !protocol.ended()) {
        const std::size_t size = std::min(piece, input.size());
        unread += input.substr(0, size);
        input.remove_prefix(size);
        const std::size_t taken = protocol.consume(unread, now);
        NSQ_ASSERT(taken <= unread.size());
        unread.erase(0, taken);
      }
      protocol.end_of_input(unread);
      NSQ_ASSERT(protocol.ended());
      replies = protocol.replies();
      topics = whole(TopicsAnswer(registry)) + whole(NodesAnswer(registry, now));
    }
    NSQ_ASSERT(registry.peers().empty());
    while (registry.forget_some(1)) {
    }
    NSQ_ASSERT(counter.count == 0);
    NSQ_ASSERT(whole(DebugAnswer(registry)) == "{}");
  }
};

/// Replies are whole, and an error is the last one.
void check_replies(std::string_view replies) {
  bool error = false;
  while (!replies.empty()) {
    NSQ_ASSERT(!error && replies.size() >= 4);
    const std::size_t size = load_be32(replies.data());
    NSQ_ASSERT(replies.size() >= 4 + size);
    const std::string_view text = replies.substr(4, size);
    error = text != "OK" && text != "IDENTITY";
    NSQ_ASSERT(!error || text.starts_with("E_"));
    replies.remove_prefix(4 + size);
  }
}

}  // namespace

void fuzz_lookup_protocol(std::string_view input) {
  const Conversation whole_input(input, std::max<std::size_t>(1, input.size()));
  const Conversation in_pieces(input, 3);
  check_replies(whole_input.replies);
  NSQ_ASSERT(whole_input.replies == in_pieces.replies);
  NSQ_ASSERT(whole_input.topics == in_pieces.topics);
}

}  // namespace nsq::fuzz
