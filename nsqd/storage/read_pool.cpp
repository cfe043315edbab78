#include "nsqd/storage/read_pool.hpp"

#include <optional>
#include <utility>

#include "common/base/thread_name.hpp"
#include "nsqd/queue/channel.hpp"
#include "nsqd/queue/topic.hpp"

namespace nsqd {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

ReadPool::ReadPool(LogReader& reader, unsigned threads, nsq::Logger log)
    : reader_(reader), log_(std::move(log)) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ReadPool::~ReadPool() {
  stop();
}

void ReadPool::read(ReadRequest request) {
  add(std::move(request));
}

void ReadPool::read_deferred(DeferredRequest request) {
  add(std::move(request));
}

void ReadPool::add(Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    requests_.push_back(std::move(request));
  }
  changed_.notify_one();
}

void ReadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  // They hold topics, which must not outlive what they refer to.
  requests_.clear();
  again_.clear();
}

void ReadPool::run() {
  nsq::name_this_thread("nsqd-reader");
  while (auto request = wait_for_request()) {
    const bool answered = std::visit([this](const auto& each) { return answer(each); }, *request);
    if (answered) continue;
    const std::lock_guard lock(mutex_);
    again_.emplace(Clock::now() + kRetryAfter, std::move(*request));
  }
}

std::optional<ReadPool::Request> ReadPool::wait_for_request() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    if (!requests_.empty()) {
      Request request = std::move(requests_.front());
      requests_.pop_front();
      return request;
    }
    if (again_.empty()) {
      changed_.wait(lock);
    } else if (Clock::now() >= again_.begin()->first) {
      Request request = std::move(again_.begin()->second);
      again_.erase(again_.begin());
      return request;
    } else {
      changed_.wait_until(lock, again_.begin()->first);
    }
  }
}

bool ReadPool::answer(const ReadRequest& request) {
  auto result = reader_.read(request);
  if (!result) {
    log_.error("STORAGE: reading {}:{} - {}", request.topic->name().view(), request.channel->name(),
               result.error().text());
    return false;
  }
  if (request.peek) {
    request.channel->peeked(*result);
    return true;
  }
  Effects effects;
  request.channel->refill(std::move(*result), effects);
  effects.run();
  return true;
}

bool ReadPool::answer(const DeferredRequest& request) {
  auto result = reader_.read_deferred(request);
  if (!result) {
    log_.error("STORAGE: reading deferred messages of {} - {}", request.topic->name().view(),
               result.error().text());
    return false;
  }
  request.topic->take_deferred(std::move(*result), nsq::read_clock());
  return true;
}

}  // namespace nsqd
