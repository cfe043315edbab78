#include "nsqd/session/outbox.hpp"

#include <algorithm>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "common/wire/message.hpp"
#include "nsqd/queue/frame.hpp"
#include "tests/unit/nsqd/session/frames.hpp"

using namespace nsqd;
using nsq::net::IoResult;
using nsq::net::IoStatus;

namespace {

/// A stream that takes `bite` bytes, then blocks until the next flow().
class SlowStream final : public nsq::net::ByteStream {
 public:
  explicit SlowStream(std::size_t bite) : bite_(bite), left_(bite) {}

  void flow() { left_ = bite_; }
  std::string taken;
  bool broken = false;

  IoResult write_some(std::span<const iovec> parts) override {
    if (broken) return {0, IoStatus::error, boost::asio::error::broken_pipe};
    if (left_ == 0) return {0, IoStatus::would_block, {}};
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
      const std::size_t take = std::min(part.iov_len, left_);
      taken.append(static_cast<const char*>(part.iov_base), take);
      bytes += take;
      left_ -= take;
    }
    return {bytes, IoStatus::ok, {}};
  }

  IoResult read_some(std::span<char>) override { throw std::logic_error("not read from"); }
  boost::asio::awaitable<boost::system::error_code> wait_readable() override {
    co_return boost::system::error_code{};
  }
  boost::asio::awaitable<boost::system::error_code> wait_writable() override {
    co_return boost::system::error_code{};
  }
  void async_wait_writable(WaitHandler) override {}
  void cancel() noexcept override {}
  void shutdown_send() noexcept override {}
  void close() noexcept override {}
  int native_handle() noexcept override { return -1; }
  boost::asio::any_io_executor executor() override { return {}; }

 private:
  std::size_t bite_;
  std::size_t left_;
};

Run make_run(const std::vector<std::string>& bodies, std::uint16_t attempts) {
  std::uint32_t bytes = 0;
  for (const auto& body : bodies) bytes += kFrameOverhead + static_cast<std::uint32_t>(body.size());
  BlockPtr block = Block::create(bytes);
  char* to = block->extend(bytes);
  std::uint64_t id = 500;
  for (const auto& body : bodies) to = write_frame(to, 7, id++, body);
  return {std::move(block), 0, bytes, static_cast<std::uint32_t>(bodies.size()), attempts, 0};
}

/// "attempts:body" of each message frame, the text of every other.
Texts received(std::string_view bytes) {
  Texts all;
  for (const auto& data : texts(bytes)) {
    if (data.size() < nsq::wire::kMessageHeaderBytes) {
      all.push_back(data);
      continue;
    }
    const auto message = nsq::wire::decode_message(data).value();
    CHECK(message.timestamp_ns == 7);
    CHECK(message.id.number().value_or(0) >= 500);
    all.push_back(std::to_string(message.attempts) + ":" + std::string(message.body));
  }
  return all;
}

std::string reply(std::string_view text) {
  std::string frame;
  nsq::wire::append_frame(frame, nsq::wire::FrameType::response, text);
  return frame;
}

}  // namespace

TEST_CASE("every frame arrives whole and in order, however few bytes the stream takes",
          "[session][outbox]") {
  const auto bite = GENERATE(range(std::size_t{1}, std::size_t{60}), 100U, 177U, 1000U, 100'000U);
  SlowStream stream(bite);
  Outbox outbox;
  Scratch scratch;
  {
    Run redelivered = make_run({"again1", "again2", "again3"}, 3);
    const std::vector<Run> runs{make_run({"a", "bb", "ccc"}, 0), std::move(redelivered),
                                make_run({"last"}, 65'535)};
    const IoResult result = outbox.send(stream, reply("OK") + reply("OK"), runs, scratch);
    CHECK(result.status == (outbox.empty() ? IoStatus::ok : IoStatus::would_block));
  }
  int rounds = 0;
  while (!outbox.empty()) {
    REQUIRE(++rounds < 10'000);
    stream.flow();
    const std::size_t before = stream.taken.size();
    const IoResult result = outbox.resume(stream, scratch);
    CHECK(result.bytes == stream.taken.size() - before);
    CHECK(result.status == (outbox.empty() ? IoStatus::ok : IoStatus::would_block));
  }
  CAPTURE(bite);
  CHECK(received(stream.taken) == Texts{"OK", "OK", "1:a", "1:bb", "1:ccc", "4:again1", "4:again2",
                                        "4:again3", "65535:last"});
}

TEST_CASE("a redelivery changes nothing in the shared block", "[session][outbox]") {
  SlowStream stream(100'000);
  Outbox outbox;
  Scratch scratch;
  const Run run = make_run({"body"}, 4);
  const std::string before(run.frames());
  REQUIRE(outbox.send(stream, {}, {&run, 1}, scratch).status == IoStatus::ok);
  CHECK(received(stream.taken) == Texts{"5:body"});
  CHECK(run.frames() == before);
}

TEST_CASE("an outbox that sent all holds nothing", "[session][outbox]") {
  SlowStream stream(10);
  Outbox outbox;
  Scratch scratch;
  const Run run = make_run({"body"}, 0);
  CHECK(outbox.send(stream, {}, {&run, 1}, scratch).status == IoStatus::would_block);
  CHECK_FALSE(outbox.empty());
  CHECK_FALSE(run.block->unique());
  while (!outbox.empty()) {
    stream.flow();
    (void)outbox.resume(stream, scratch);
  }
  CHECK(run.block->unique());
}

TEST_CASE("a broken stream is told and keeps nothing", "[session][outbox]") {
  SlowStream stream(10);
  stream.broken = true;
  Outbox outbox;
  Scratch scratch;
  const Run run = make_run({"body"}, 0);
  CHECK(outbox.send(stream, reply("OK"), {&run, 1}, scratch).status == IoStatus::error);
  CHECK(outbox.empty());
}
