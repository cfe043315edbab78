#include "nsqd/queue/deferred.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/assert.hpp"

namespace nsqd {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// How far ahead messages are kept in memory, and how long before the horizon the next are read.
constexpr std::int64_t kWindow = 2 * kSecond;
constexpr std::int64_t kLead = kSecond;
/// How long what the log did not take waits until it is tried again.
constexpr std::int64_t kRetryAfter = kSecond;
/// With so many due messages in memory, a read that was cut short is not continued yet.
constexpr std::size_t kEnough = 16'384;

constexpr DuePoint kNever{std::numeric_limits<std::int64_t>::max(), 0};

}  // namespace

bool Deferred::later(const DeferredMessage& a, const DeferredMessage& b) noexcept {
  return a.at > b.at;
}

void Deferred::push_heap(DeferredMessage message) {
  heap_.push_back(std::move(message));
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Deferred::is_near(DuePoint at, std::int64_t now) const noexcept {
  if (far_ == 0 && !reading_) return at.due < std::max(horizon_.due, now + kWindow);
  return at < near_end();
}

void Deferred::push(DeferredMessage message, std::int64_t now) {
  NSQ_ASSERT(message.run.count == 1);
  const bool near = !message.stored || is_near(message.at, now);
  // With nothing in the log beyond it, the horizon is free to move.
  if (far_ == 0 && !reading_) horizon_ = std::max(horizon_, DuePoint{now + kWindow, 0});
  const Offset number = message.at.number;
  if (message.stored) unsettled_.emplace(number, Unsettled{message, !near, false});
  if (near) {
    if (reading_ && message.stored) reading_->seen.insert(number);
    push_heap(std::move(message));
  } else {
    ++far_;
    if (reading_) reading_->first_beyond = std::min(reading_->first_beyond, message.at);
  }
}

std::optional<DeferredMessage> Deferred::settled(Offset number, bool ok) {
  const auto found = unsettled_.find(number);
  if (found == unsettled_.end()) return std::nullopt;
  Unsettled entry = std::move(found->second);
  unsettled_.erase(found);
  const bool requeued = entry.message.channel != 0;
  const bool kept = requeued || !entry.far;
  if (!ok && kept) pins_.emplace(number, Pin{home_of(entry.message), 0});
  if (entry.held) {
    push_heap(std::move(entry.message));
  } else if (!ok && entry.far) {
    // It is nowhere else. A publish that failed is not kept: its publisher knows.
    --far_;
    if (!requeued) return std::move(entry.message);
    push_heap(std::move(entry.message));
  }
  return std::nullopt;
}

std::optional<DeferredMessage> Deferred::pop_due(std::int64_t now) {
  if (!put_back_.empty() && now >= try_again_at_) {
    for (auto& message : put_back_) push_heap(std::move(message));
    put_back_.clear();
  }
  while (!heap_.empty() && heap_.front().at.due <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    DeferredMessage message = std::move(heap_.back());
    heap_.pop_back();
    // Its removal must not be committed before its arrival.
    const auto unsettled = unsettled_.find(message.at.number);
    if (unsettled == unsettled_.end()) return message;
    unsettled->second.held = true;
  }
  return std::nullopt;
}

void Deferred::moved(Offset number, Offset to) {
  const auto pin = pins_.find(number);
  if (pin != pins_.end()) pin->second.moved_to = to;
}

void Deferred::not_taken(Offset begin, Offset end) {
  for (auto& [number, pin] : pins_) {
    if (pin.moved_to >= begin && pin.moved_to < end) pin.moved_to = 0;
    if (pin.home.offset >= begin && pin.home.offset < end) pin.home.offset = kNowhere;
  }
  for (auto& [number, entry] : unsettled_) {
    Offset& home = entry.message.home;
    if (home >= begin && home < end) home = kNowhere;
  }
}

void Deferred::put_back(std::vector<DeferredMessage> messages, std::int64_t now) {
  try_again_at_ = now + kRetryAfter;
  for (auto& message : messages) put_back_.push_back(std::move(message));
}

std::optional<std::int64_t> Deferred::next_look() const noexcept {
  std::optional<std::int64_t> next;
  if (!heap_.empty()) next = heap_.front().at.due;
  if (!put_back_.empty()) next = std::min(next.value_or(kNever.due), try_again_at_);
  if (far_ > 0 && !reading_) next = std::min(next.value_or(kNever.due), horizon_.due - kLead);
  return next;
}

std::optional<Deferred::Span> Deferred::start_read(std::int64_t now) {
  if (!reading_) {
    if (far_ == 0 || now < horizon_.due - kLead) return std::nullopt;
    begin_reading(now);
  }
  if (reading_->running || heap_.size() > kEnough) return std::nullopt;
  reading_->running = true;
  return Span{horizon_, reading_->to};
}

void Deferred::begin_reading(std::int64_t now) {
  reading_ = Reading{std::max(horizon_, DuePoint{now + kWindow, 0}), kNever, false, {}};
  // What is not committed yet may escape the read.
  for (auto& [number, entry] : unsettled_) {
    if (!entry.far) continue;
    if (entry.message.at < reading_->to) {
      entry.far = false;
      --far_;
      reading_->seen.insert(number);
      push_heap(entry.message);
    } else {
      reading_->first_beyond = std::min(reading_->first_beyond, entry.message.at);
    }
  }
}

void Deferred::take(DeferredResult result) {
  if (!reading_) return;
  for (auto& message : result.messages) {
    if (reading_->seen.contains(message.at.number)) continue;
    if (far_ > 0) --far_;
    push_heap(std::move(message));
  }
  if (result.complete_to < reading_->to) {
    horizon_ = result.complete_to;
    reading_->running = false;
    return;
  }
  // Nothing is stored between here and the next one, so nothing needs to be read until then.
  const DuePoint next = std::min(result.next.value_or(kNever), reading_->first_beyond);
  if (next == kNever) far_ = 0;
  horizon_ = next == kNever ? reading_->to : std::max(reading_->to, next);
  reading_.reset();
}

std::vector<Deferred::Home> Deferred::homes(Offset committed) {
  boost::unordered::erase_if(pins_, [&](const auto& entry) {
    return entry.second.moved_to != 0 && entry.second.moved_to < committed;
  });
  std::vector<Home> homes;
  const auto add = [&](const Home& home) {
    if (home.offset != kNowhere) homes.push_back(home);
  };
  for (const auto& [number, pin] : pins_) add(pin.home);
  for (const auto& [number, entry] : unsettled_) add(home_of(entry.message));
  return homes;
}

std::vector<DeferredMessage> Deferred::store_all() {
  std::vector<DeferredMessage> given;
  for (auto& [number, entry] : unsettled_) {
    if (entry.held) push_heap(std::move(entry.message));
  }
  unsettled_.clear();
  for (auto& message : heap_) {
    const bool missing = pins_.contains(message.at.number);
    if (!std::exchange(message.stored, true) || missing) given.push_back(message);
  }
  for (const auto& message : put_back_) {
    if (pins_.contains(message.at.number)) given.push_back(message);
  }
  pins_.clear();
  return given;
}

std::uint64_t Deferred::stored() const noexcept {
  const auto in_memory =
      std::count_if(heap_.begin(), heap_.end(), [](const auto& message) { return message.stored; });
  return far_ + put_back_.size() + static_cast<std::uint64_t>(in_memory);
}

}  // namespace nsqd
