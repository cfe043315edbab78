#include "nsqd/storage/turn.hpp"

#include <algorithm>
#include <utility>

#include "nsqd/storage/chunk_writer.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

void Turn::append(Topic& topic, const Run& run, const Audience& audience) {
  // Most of what comes continues what came before.
  if (!messages_.empty()) {
    Messages& last = messages_.back();
    if (last.topic.get() == &topic && audience.everybody() && last.audience.everybody() &&
        continues(last.run, run)) {
      last.run.end = run.end;
      last.run.count += run.count;
      return;
    }
  }
  messages_.push_back({topic.shared_from_this(), run, audience});
}

void Turn::defer(Topic& topic, const DeferredMessage& message) {
  deferred_.push_back({topic.shared_from_this(), message});
}

void Turn::drop_deferred(Topic& topic, const DeferredMessage& message) {
  drops_.push_back({topic.id(), message.at});
}

void Turn::discard_deferred(Topic& topic, const DeferredMessage& message) {
  drops_.push_back({topic.id(), message.at, topic.shared_from_this()});
}

bool Turn::wants_sync() const {
  const auto wants = [](const auto& each) { return each.topic->durability() == Durability::sync; };
  return std::any_of(messages_.begin(), messages_.end(), wants) ||
         std::any_of(deferred_.begin(), deferred_.end(), wants);
}

std::vector<std::shared_ptr<Topic>> Turn::unsaved() const {
  std::vector<std::shared_ptr<Topic>> topics;
  const auto look = [&](const auto& each) {
    if (!each.topic->saved()) topics.push_back(each.topic);
  };
  std::for_each(messages_.begin(), messages_.end(), look);
  std::for_each(deferred_.begin(), deferred_.end(), look);
  return topics;
}

bool Turn::encode(const Database& database, rocksdb::WriteBatch& batch) {
  const Database::Access access(database);  // holds the families
  if (!access.db()) return false;
  encode_messages(database, batch);
  std::string value;
  for (const auto& [topic, message] : deferred_) {
    const auto key = schema::deferred_key(topic->id(), message.at);
    value.resize(schema::kDeferredHeaderBytes);
    schema::write_deferred_header(value.data(), message);
    value.append(message.run.frames());
    batch.Put(database.family(Family::deferred), {key.data(), key.size()}, value)
        .PermitUncheckedError();
  }
  for (const auto& [topic, at, told] : drops_) {
    const auto key = schema::deferred_key(topic, at);
    batch.Delete(database.family(Family::deferred), {key.data(), key.size()})
        .PermitUncheckedError();
  }
  return true;
}

void Turn::encode_messages(const Database& database, rocksdb::WriteBatch& batch) {
  // Offsets ascend within a topic, so this brings together what continues each other.
  const auto before = [](const Messages& a, const Messages& b) {
    return std::pair(a.topic->id(), a.run.first) < std::pair(b.topic->id(), b.run.first);
  };
  if (!std::is_sorted(messages_.begin(), messages_.end(), before)) {
    std::sort(messages_.begin(), messages_.end(), before);
  }
  ChunkWriter writer(batch, database.family(Family::log));
  for (const auto& [topic, run, audience] : messages_) writer.add(topic->id(), run, audience);
  writer.flush();
}

void Turn::settle(bool ok, nsq::Now now) {
  std::vector<Settlement> settled;
  Effects effects;
  for (std::size_t i = 0; i < messages_.size();) {
    const auto topic = messages_[i].topic;
    settled.clear();
    for (; i < messages_.size() && messages_[i].topic == topic; ++i) {
      const Run& run = messages_[i].run;
      settled.push_back(
          {Settlement::Kind::messages, ok, run.first, run.first + run.count, run.count});
    }
    topic->settled(settled, now, effects);
  }
  for (const auto& [topic, message] : deferred_) {
    const Settlement one{Settlement::Kind::deferred, ok, message.at.number, 0, 1};
    topic->settled({&one, 1}, now, effects);
  }
  for (const auto& [topic, at, told] : drops_) {
    if (!told) continue;
    const Settlement one{Settlement::Kind::discarded, ok, at.number, 0, 1};
    told->settled({&one, 1}, now, effects);
  }
  effects.run();
}

void Turn::clear() {
  messages_.clear();
  deferred_.clear();
  drops_.clear();
}

}  // namespace nsqd
