#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/wire/message.hpp"
#include "nsqd/queue/block.hpp"
#include "nsqd/queue/channel.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd {

using nsq::Milliseconds;
using nsq::Nanoseconds;
using nsq::Seconds;

/// A moment `offset` after the tests' beginning, which is well away from zero.
inline nsq::MonoTime at(Nanoseconds offset) {
  return nsq::MonoTime(Seconds(1000)) + offset;
}

/// The hand-driven clock: both clocks move together.
struct Clock {
  nsq::Now now{at(Nanoseconds::zero()), nsq::WallTime(Seconds(1'700'000'000))};

  void advance(Nanoseconds by) {
    now.mono += by;
    now.wall += by;
  }
};

/// A block of its own with these bodies, and the run of all of them. Message i has the offset
/// `first + i` and the id `first_id + i`, unless said otherwise 1000 + its offset.
inline Run make_run(const std::vector<std::string>& bodies, Offset first, std::uint64_t first_id) {
  std::uint32_t bytes = 0;
  for (const auto& body : bodies) bytes += kFrameOverhead + static_cast<std::uint32_t>(body.size());
  BlockPtr block = Block::create(bytes);
  char* to = block->extend(bytes);
  for (const auto& body : bodies) to = write_frame(to, 7, first_id++, body);
  return {std::move(block), 0, bytes, static_cast<std::uint32_t>(bodies.size()), 0, false, first};
}

inline Run make_run(const std::vector<std::string>& bodies, Offset first = 0) {
  return make_run(bodies, first, 1000 + first);
}

/// `count` messages with short bodies.
inline Run make_run(std::uint32_t count, Offset first, std::uint64_t first_id) {
  std::vector<std::string> bodies;
  for (std::uint32_t i = 0; i < count; ++i) bodies.push_back("m" + std::to_string(first + i));
  return make_run(bodies, first, first_id);
}
inline Run make_run(std::uint32_t count, Offset first = 0) {
  return make_run(count, first, 1000 + first);
}

/// One message of a run, taken apart.
struct Seen {
  std::uint64_t id = 0;
  std::int64_t timestamp = 0;
  std::string body;
  Offset offset = 0;
  std::uint16_t attempts = 0;  ///< before the delivery at hand

  nsq::wire::MessageId wire_id() const { return nsq::wire::MessageId::from_number(id); }
};

inline std::vector<Seen> messages(const std::vector<Run>& runs) {
  std::vector<Seen> seen;
  for (const Run& run : runs) {
    std::string_view left = run.frames();
    for (std::uint32_t i = 0; i < run.count; ++i) {
      const std::uint32_t bytes = frame_bytes(left.data());
      const auto message = nsq::wire::decode_message(left.substr(8, bytes - 8)).value();
      seen.push_back({frame_id(left.data()), message.timestamp_ns, std::string(message.body),
                      run.first + i, run.attempts});
      left.remove_prefix(bytes);
    }
  }
  return seen;
}

inline std::vector<std::string> bodies(const std::vector<Run>& runs) {
  std::vector<std::string> all;
  for (const auto& message : messages(runs)) all.push_back(message.body);
  return all;
}

/// Counts how often it was woken.
class CountingWaker final : public Waker {
 public:
  void wake() noexcept override { ++calls; }
  int calls = 0;
};

/// A consumer with its waker, and the pulls and answers of a client.
struct TestClient {
  explicit TestClient(ConsumerOptions options)
      : waker(std::make_shared<CountingWaker>()),
        consumer(std::make_shared<Consumer>(options, waker)) {}

  std::shared_ptr<CountingWaker> waker;
  std::shared_ptr<Consumer> consumer;
};

inline TestClient make_client(std::uint64_t connection, int sample_rate = 0) {
  return TestClient(
      {.connection = connection, .msg_timeout = Seconds(60), .sample_rate = sample_rate});
}

/// Pulls until nothing more comes.
inline std::vector<Run> pull_all(Channel& channel, const TestClient& client, nsq::Now now) {
  std::vector<Run> runs;
  Effects effects;
  while (channel.pull(client.consumer, now, {}, runs, effects).more) {
  }
  effects.run();
  return runs;
}

/// FIN; whether it was accepted.
inline bool finish(Channel& channel, const TestClient& client, const nsq::wire::MessageId& id) {
  std::vector<AnswerFailure> failures;
  channel.finish(*client.consumer, {&id, 1}, failures);
  return failures.empty();
}

}  // namespace nsqd
