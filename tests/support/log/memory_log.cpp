#include "tests/support/log/memory_log.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "common/base/assert.hpp"
#include "nsqd/queue/frame.hpp"

namespace nsqd::test {
namespace {

/// How many messages a chunk takes.
constexpr std::uint32_t kMaxChunkMessages = 64;

BlockPtr block_of(std::string_view frames) {
  const auto bytes = static_cast<std::uint32_t>(frames.size());
  BlockPtr block = Block::create(bytes);
  std::memcpy(block->extend(bytes), frames.data(), bytes);
  return block;
}

}  // namespace

MemoryLog::MemoryLog(const nsq::Now& now)
    : now_(now), deadline_journal_(std::make_unique<MemoryJournal>(*this)) {}

MemoryLog::~MemoryLog() = default;

std::unique_ptr<MemoryJournal> MemoryLog::make_journal() {
  return std::make_unique<MemoryJournal>(*this);
}

void MemoryLog::commit_deadlines() {
  while (deadline_journal_->commit()) {
  }
}

void MemoryLog::save(Topic& topic) {
  TopicImage image = topic.image();
  if (topic.removed()) return;
  if (full) {
    topic.mark_dirty();  // again when there is room
    return;
  }
  ++saves;
  MemoryTopic& stored = topics_[image.id];
  const Offset floor = image.floor();
  // A chunk goes when nobody needs anything of it.
  std::erase_if(stored.chunks,
                [&](const auto& each) { return each.first + each.second.count <= floor; });
  topic.set_saved();
  stored.image = std::move(image);
}

void MemoryLog::remove(Topic& topic) {
  topics_.erase(topic.id());
}

void MemoryLog::save_dirty(Broker& broker) {
  for (const auto& topic : broker.topics()) {
    if (topic->dirty()) save(*topic);
  }
}

void MemoryLog::write(const MemoryTurn& turn) {
  // A topic that the log does not know was deleted meanwhile, unless nothing was saved yet.
  const auto know = [&](Topic& topic) {
    if (!topic.saved()) save(topic);
  };
  for (const auto& each : turn.messages) know(*each.topic);
  for (const auto& each : turn.deferred) know(*each.topic);
  write_messages(turn);
  for (const auto& [topic, message] : turn.deferred) {
    const auto found = topics_.find(topic->id());
    if (found == topics_.end()) continue;
    found->second.deferred[message.at] = {std::string(message.run.frames()), message.channel,
                                          message.run.attempts, message.home};
  }
  for (const auto& [topic, at, told] : turn.drops) {
    const auto found = topics_.find(topic);
    if (found != topics_.end()) found->second.deferred.erase(at);
  }
}

void MemoryLog::write_messages(const MemoryTurn& turn) {
  auto messages = turn.messages;
  std::sort(messages.begin(), messages.end(), [](const auto& a, const auto& b) {
    return std::pair(a.topic->id(), a.run.first) < std::pair(b.topic->id(), b.run.first);
  });
  MemoryChunk* last = nullptr;  // what may be continued
  std::pair<std::uint32_t, Offset> next;
  for (const auto& [topic, run, audience] : messages) {
    const auto found = topics_.find(topic->id());
    if (found == topics_.end()) continue;
    const bool plain = audience.everybody();
    if (last && plain && next == std::pair(topic->id(), run.first) &&
        last->attempts == run.attempts && last->count + run.count <= kMaxChunkMessages) {
      last->frames += run.frames();
      last->count += run.count;
    } else {
      MemoryChunk chunk{std::string(run.frames()), run.count, run.attempts, audience};
      if (!audience.born) chunk.audience.born = run.first;
      MemoryChunk& stored = found->second.chunks[run.first];
      stored = std::move(chunk);
      last = plain ? &stored : nullptr;
    }
    next = {topic->id(), run.first + run.count};
  }
}

void MemoryLog::read(ReadRequest request) {
  add({std::move(request), std::nullopt});
}

void MemoryLog::read_deferred(DeferredRequest request) {
  add({std::nullopt, std::move(request)});
}

void MemoryLog::add(Pending pending) {
  reads_.push_back(std::move(pending));
  if (hold_reads || std::exchange(answering_, true)) return;
  while (!reads_.empty()) answer_read();
  answering_ = false;
}

void MemoryLog::answer_read(std::size_t which) {
  NSQ_ASSERT(which < reads_.size());
  const auto at = reads_.begin() + static_cast<std::ptrdiff_t>(which);
  const Pending pending = std::move(*at);
  reads_.erase(at);
  if (pending.messages && pending.messages->peek) {
    pending.messages->channel->peeked(answer_to(*pending.messages));
  } else if (pending.messages) {
    Effects effects;
    pending.messages->channel->refill(answer_to(*pending.messages), effects);
    effects.run();
  } else {
    pending.deferred->topic->take_deferred(answer_to(*pending.deferred), now_);
  }
}

ReadResult MemoryLog::answer_to(const ReadRequest& request) const {
  ReadResult result;
  result.epoch = request.epoch;
  result.next = request.end;
  const auto found = topics_.find(request.topic->id());
  if (found == topics_.end()) return result;
  const auto& chunks = found->second.chunks;
  auto at = chunks.upper_bound(request.begin);
  if (at != chunks.begin()) --at;  // may hold `begin` inside
  const std::uint32_t limit = std::max(1U, std::min(request.bytes, max_read_bytes));
  std::uint32_t bytes = 0;
  for (; at != chunks.end() && at->first < request.end; ++at) {
    const auto& [first, chunk] = *at;
    const auto& audience = chunk.audience;
    const bool own_births = audience.born == first;
    if ((audience.channel != 0 && audience.channel != request.channel_id) ||
        (!own_births && *audience.born < request.start)) {
      continue;
    }
    const Offset begin = own_births ? std::max(request.begin, request.start) : request.begin;
    std::string_view frames = chunk.frames;
    for (std::uint32_t i = 0; i < chunk.count && first + i < request.end; ++i) {
      const auto size = frame_bytes(frames.data());
      const Offset offset = first + i;
      if (offset >= begin) {
        if (bytes >= limit) {
          result.next = offset;
          return result;
        }
        bytes += size;
        result.runs.push_back(
            {block_of(frames.substr(0, size)), 0, size, 1, chunk.attempts, true, offset});
      }
      frames.remove_prefix(size);
    }
  }
  return result;
}

DeferredResult MemoryLog::answer_to(const DeferredRequest& request) const {
  DeferredResult result;
  result.complete_to = request.to;
  const auto found = topics_.find(request.topic->id());
  if (found == topics_.end()) return result;
  const auto& deferred = found->second.deferred;
  for (auto at = deferred.lower_bound(request.from); at != deferred.end(); ++at) {
    if (at->first >= request.to) {
      result.next = at->first;
      break;
    }
    if (result.messages.size() >= max_deferred) {
      result.complete_to = at->first;
      break;
    }
    DeferredMessage message;
    message.at = at->first;
    message.channel = at->second.channel;
    message.home = at->second.home;
    message.stored = true;
    const auto bytes = static_cast<std::uint32_t>(at->second.frame.size());
    message.run = {block_of(at->second.frame), 0, bytes, 1, at->second.attempts, false,
                   message.at.number};
    result.messages.push_back(std::move(message));
  }
  return result;
}

void MemoryLog::stop_cleanly(Broker& broker) {
  reads_.clear();
  commit_deadlines();
  const auto topics = broker.topics();
  for (const auto& topic : topics) topic->give_all(*deadline_journal_);
  deadline_journal_->write_last();
  for (const auto& topic : topics) {
    if (!topic->ephemeral()) save(*topic);
  }
  clean_ = true;
}

void MemoryLog::crash() {
  reads_.clear();
  deadline_journal_->crash();
  clean_ = false;
}

void MemoryLog::restore(Broker& broker) {
  for (const auto& [id, topic] : topics_) {
    broker.restore(clean_ ? topic.image : recovered(topic), now_);
  }
  clean_ = false;
}

const MemoryTopic* MemoryLog::find(std::string_view name) const {
  for (const auto& [id, topic] : topics_) {
    if (topic.image.name == name) return &topic;
  }
  return nullptr;
}

}  // namespace nsqd::test
