#include "clients/tools/nsq_bench/consumer.hpp"

#include <sys/epoll.h>

#include <chrono>

#include <fmt/core.h>

namespace nsq::bench {
namespace {

constexpr Milliseconds kLastWrite{500};

// Errors that leave the connection open: spec/nsqd.md 1.6, "kept".
bool is_survivable(std::string_view error) {
  return error.starts_with("E_FIN_FAILED") || error.starts_with("E_REQ_FAILED") ||
         error.starts_with("E_TOUCH_FAILED");
}

}  // namespace

Consumer::Consumer(Loop& loop, Health& health, Connection connection, std::int64_t rdy,
                   ChannelRecord& record, Histogram* latency, FinBatch& fins)
    : link_(loop, std::move(connection)),
      health_(health),
      rdy_(rdy),
      record_(record),
      latency_(latency),
      fins_(fins) {}

void Consumer::start(std::int64_t) {
  if (rdy_ > 0) send(fmt::format("RDY {}\n", rdy_));
}

void Consumer::on_events(std::uint32_t events, std::int64_t) {
  if (broken_) return;
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Consumer::finish() {
  if (!broken_) (void)link_.send_last(pending_, kLastWrite);
}

void Consumer::read() {
  auto got = link_.receive();
  if (!got) return fail(got.error().text());
  if (got->empty()) return;
  const std::int64_t now = steady_nanos();
  fins_.clear();
  const ScanResult scanned =
      scan_frames(*got, [this, now](std::uint32_t type, std::string_view data) {
        if (type == kMessageFrame) [[likely]] {
          on_message(data, now);
        } else {
          on_response(type, data);
        }
      });
  link_.keep(got->substr(scanned.consumed));
  if (!fins_.empty()) {
    received_.store(count_, std::memory_order_relaxed);
    last_receive_.store(now, std::memory_order_relaxed);
    send(fins_.commands());
  }
  if (scanned.bad) fail("the server sent something that is no frame");
}

inline void Consumer::on_message(std::string_view data, std::int64_t now) {
  fins_.add(data.data() + kMessageIdOffset);
  ++count_;
  if (data.size() < kMessageBodyOffset + kPayloadBytes) [[unlikely]] {
    return record_.tracker.mark_foreign();
  }
  const char* const body = data.data() + kMessageBodyOffset;
  if (!record_.tracker.mark(load_identity(body)) || latency_ == nullptr) return;
  const std::int64_t late = now - load_time(body);
  if (late < 0) ++record_.early;
  latency_->record(static_cast<std::uint64_t>(late < 0 ? 0 : late));
}

void Consumer::on_response(std::uint32_t type, std::string_view data) {
  if (type == kResponseFrame) {
    if (data == "_heartbeat_") send("NOP\n");
    return;
  }
  const std::string text = fmt::format("consumer: the server answered: {}", data);
  if (is_survivable(data)) {
    health_.note(text);
  } else {
    broken_ = true;
    health_.fail(text);
  }
}

void Consumer::send(std::string_view commands) {
  if (broken_) return;
  if (!pending_.empty()) {
    pending_.append(commands);
    return flush();
  }
  auto sent = link_.send(commands);
  if (!sent) return fail(sent.error().text());
  pending_.assign(commands.substr(*sent));
  link_.want_output(*this, !pending_.empty());
}

void Consumer::flush() {
  auto sent = link_.send(pending_);
  if (!sent) return fail(sent.error().text());
  pending_.erase(0, *sent);
  link_.want_output(*this, !pending_.empty());
}

void Consumer::fail(const std::string& what) {
  if (broken_) return;
  broken_ = true;
  health_.fail("consumer: " + what);
}

}  // namespace nsq::bench
