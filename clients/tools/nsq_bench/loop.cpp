#include "clients/tools/nsq_bench/loop.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "common/base/assert.hpp"
#include "common/base/bytes.hpp"

namespace nsq::bench {
namespace {

// Large enough that a receive is worth its system call, small enough to stay in the L2 cache.
constexpr std::size_t kScratchBytes = 512_KiB;
constexpr std::size_t kLeastReceive = 64_KiB;
constexpr std::int64_t kLongestWait = 100'000'000;

}  // namespace

Loop::Loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch_(kScratchBytes) {
  NSQ_ASSERT(epoll_.get() >= 0 && wake_.get() >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  NSQ_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
}

Result<void> Loop::add(int fd, Endpoint& endpoint) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &endpoint}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) return fail_errno("epoll_ctl");
  endpoints_.push_back(&endpoint);
  return {};
}

void Loop::watch_output(int fd, Endpoint& endpoint, bool on) {
  epoll_event event{.events = EPOLLIN | (on ? EPOLLOUT : 0u), .data = {.ptr = &endpoint}};
  NSQ_ASSERT(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Loop::run(std::int64_t start) {
  prctl(PR_SET_TIMERSLACK, 1UL);  // paced publishers wake when they are due, not 50 us later
  for (Endpoint* endpoint : endpoints_) endpoint->start(start);
  while (!stopped_.load(std::memory_order_acquire)) turn();
  for (Endpoint* endpoint : endpoints_) endpoint->finish();
}

void Loop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);  // a full counter has woken the loop already
}

void Loop::turn() {
  std::int64_t longest_wait = kLongestWait;
  std::int64_t next = kNever;
  if (!timed_.empty()) {
    const std::int64_t now = steady_nanos();
    for (Endpoint* endpoint : timed_) next = std::min(next, endpoint->on_turn(now));
    if (next != kNever) longest_wait = std::clamp<std::int64_t>(next - now, 0, longest_wait);
  }
  called_.clear();
  called_.swap(again_);
  if (!called_.empty()) longest_wait = 0;
  std::array<epoll_event, 128> events;
  const timespec timeout{.tv_sec = 0, .tv_nsec = longest_wait};
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  if (count <= 0 && called_.empty()) return;
  const std::int64_t now = steady_nanos();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) continue;  // stop() was called
    static_cast<Endpoint*>(event.data.ptr)->on_events(event.events, now);
  }
  for (Link* link : called_) link->call(now);
}

Result<void> Link::watch(Endpoint& endpoint, bool timed) {
  endpoint_ = &endpoint;
  if (timed) loop_.add_timed(endpoint);
  auto added = loop_.add(fd(), endpoint);
  // What came with the handshake's last bytes.
  if (layered_ && !std::exchange(called_again_, true)) loop_.call_again(*this);
  return added;
}

void Link::call(std::int64_t now) {
  called_again_ = false;
  endpoint_->on_events(EPOLLIN, now);
}

Result<std::string_view> Link::receive() {
  std::vector<char>& scratch = loop_.scratch();
  if (scratch.size() < kept_.size() + kLeastReceive)
    scratch.resize(2 * kept_.size() + kScratchBytes);
  std::memcpy(scratch.data(), kept_.data(), kept_.size());
  const net::IoResult got = stream_->read_some(std::span(scratch).subspan(kept_.size()));
  switch (got.status) {
    case net::IoStatus::ok:
      break;
    case net::IoStatus::would_block:
      return std::string_view();
    case net::IoStatus::eof:
      return fail(Errc::closed, "the server closed the connection");
    case net::IoStatus::error:
      return fail(got.error, "receive: " + got.error.message());
  }
  if (layered_ && !std::exchange(called_again_, true)) loop_.call_again(*this);
  return std::string_view(scratch.data(), kept_.size() + got.bytes);
}

Result<std::size_t> Link::send(std::string_view first, std::string_view second) {
  const std::array<iovec, 2> pieces{
      iovec{.iov_base = const_cast<char*>(first.data()), .iov_len = first.size()},
      iovec{.iov_base = const_cast<char*>(second.data()), .iov_len = second.size()}};
  const net::IoResult put =
      stream_->write_some(std::span(pieces).first(second.empty() ? 1 : pieces.size()));
  if (put.status == net::IoStatus::error) return fail(put.error, "send: " + put.error.message());
  if (auto ok = flush(); !ok) return std::unexpected(ok.error());
  return put.bytes;
}

Result<void> Link::flush() {
  if (!layered_) return {};
  const net::IoResult put = stream_->flush();
  if (put.status == net::IoStatus::error) return fail(put.error, "send: " + put.error.message());
  return {};
}

bool Link::send_last(std::string_view bytes, Milliseconds limit) {
  const std::int64_t until = steady_nanos() + Nanoseconds(limit).count();
  while (!bytes.empty() || stream_->has_pending()) {
    auto sent = send(bytes);
    if (!sent) return false;
    bytes.remove_prefix(*sent);
    const std::int64_t left = until - steady_nanos();
    if (bytes.empty() && !stream_->has_pending()) break;
    if (left <= 0) return false;
    pollfd wait{.fd = fd(), .events = POLLOUT, .revents = 0};
    (void)::poll(&wait, 1, static_cast<int>(left / 1'000'000) + 1);
  }
  return true;
}

}  // namespace nsq::bench
