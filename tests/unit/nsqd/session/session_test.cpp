#include "nsqd/session/session.hpp"

#include <atomic>
#include <cstring>
#include <future>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/nsqd/session/protocol_fixture.hpp"

using namespace nsqd;
using nsq::net::IoResult;
using nsq::net::IoStatus;

namespace {

/// A client that publishes without end and takes none of the answers.
class DeafStream final : public nsq::net::ByteStream {
 public:
  explicit DeafStream(boost::asio::io_context& context) : context_(context) {}

  static std::atomic<int>& reads() {
    static std::atomic<int> count{0};
    return count;
  }

  IoResult read_some(std::span<char> into) override {
    if (closed_) return {0, IoStatus::eof, {}};
    static const std::string kPub("PUB deaf\n\0\0\0\1x", 14);
    const std::string_view hello = ++reads() == 1 ? "  V2" : "";
    std::memcpy(into.data(), hello.data(), hello.size());
    std::size_t bytes = hello.size();
    for (; bytes + kPub.size() <= into.size(); bytes += kPub.size()) {
      std::memcpy(into.data() + bytes, kPub.data(), kPub.size());
    }
    return {bytes, IoStatus::ok, {}};
  }
  IoResult write_some(std::span<const iovec>) override { return {0, IoStatus::would_block, {}}; }
  boost::asio::awaitable<boost::system::error_code> wait_readable() override {
    co_await boost::asio::post(context_, boost::asio::use_awaitable);
    co_return boost::system::error_code{};
  }
  boost::asio::awaitable<boost::system::error_code> wait_writable() override {
    co_return boost::system::error_code{};
  }
  void async_wait_writable(WaitHandler) override {}
  void cancel() noexcept override {}
  void shutdown_send() noexcept override {}
  void close() noexcept override { closed_ = true; }
  int native_handle() noexcept override { return -1; }
  boost::asio::any_io_executor executor() override { return context_.get_executor(); }

 private:
  boost::asio::io_context& context_;
  bool closed_ = false;
};

/// Runs `work` on the thread and returns what it returned.
template <class Work>
auto on_thread(IoThread& io, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  boost::asio::post(io.context(), [&task] { task(); });
  return result.get();
}

}  // namespace

TEST_CASE("a client that never reads is not read for ever, and can be cancelled", "[session]") {
  Daemon daemon;
  daemon.io.start();
  on_thread(daemon.io, [&] {
    auto session = std::make_shared<Session>(
        daemon.context, std::make_unique<DeafStream>(daemon.io.context()), "127.0.0.1:1");
    daemon.io.tasks().spawn("session", session->run());
    return true;
  });
  // Each round trip lets the thread have a turn, in which an unbounded session reads four times; 1
  // MiB of unsent answers is there after some six reads.
  for (int turn = 0; turn < 100; ++turn) on_thread(daemon.io, [] { return true; });
  CHECK(DeafStream::reads() > 4);
  CHECK(DeafStream::reads() < 50);

  on_thread(daemon.io, [&] {
    daemon.io.tasks().cancel();
    return true;
  });
  std::size_t running = 1;
  for (int turn = 0; turn < 1000 && running > 0; ++turn) {
    running = on_thread(daemon.io, [&] { return daemon.io.tasks().running(); });
  }
  CHECK(running == 0);
  daemon.io.stop();
  daemon.io.join();
}
