#include "tests/unit/nsqd/migrate/fixture.hpp"

#include <algorithm>
#include <fstream>
#include <memory>

#include <rocksdb/iterator.h>

#include "common/base/bytes.hpp"
#include "common/wire/message.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/upstream/queue_files.hpp"

namespace nsqd::migrate::test {
namespace {

namespace fs = std::filesystem;
using nsq::wire::MessageId;

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

std::string frame(const Stored& message) {
  std::string out(nsq::wire::message_frame_bytes(message.body.size()), '\0');
  nsq::wire::write_message_frame(out.data(), message.timestamp, 1,
                                 MessageId::from_number(message.id), message.body);
  return out;
}

std::string frames(const Messages& messages) {
  std::string out;
  for (const auto& message : messages) out += frame(message);
  return out;
}

/// Those of a chunk that lie in the range.
void add_chunk(Messages& to, const LogRange& range, Offset first, const schema::Chunk& chunk) {
  std::string_view rest = chunk.frames;
  for (Offset at = first; !rest.empty(); ++at) {
    const auto bytes = frame_bytes(rest.data());
    const auto message = nsq::wire::decode_message(rest.substr(8, bytes - 8)).value();
    rest.remove_prefix(bytes);
    if (at < range.begin || at >= range.end) continue;
    to.push_back({message.id.number().value(), std::string(message.body),
                  std::max(chunk.header.attempts, range.attempts), message.timestamp_ns});
  }
}

Messages read_cursor(Database& database, std::uint32_t topic, ChannelId channel,
                     const Cursor& cursor) {
  const Database::Access access(database);
  const std::unique_ptr<rocksdb::Iterator> it(
      access.db()->NewIterator(rocksdb::ReadOptions(), database.family(Family::log)));
  Messages messages;
  for (const LogRange& range : cursor.unacked) {
    const std::size_t before = messages.size();
    const auto start = schema::log_key(topic, 0);
    for (it->Seek({start.data(), start.size()}); it->Valid(); it->Next()) {
      const auto key = it->key().ToStringView();
      if (schema::topic_of(key) != topic) break;
      const auto chunk = schema::parse_chunk(it->value().ToStringView());
      REQUIRE(chunk.has_value());
      const auto& header = chunk->header;
      if (header.channel != 0 && header.channel != channel) continue;
      if (header.born < cursor.start) continue;
      add_chunk(messages, range, schema::offset_of(key), *chunk);
    }
    CHECK(messages.size() - before == range.count);
  }
  return messages;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Stored& message) {
  return out << message.id << ':' << message.body.substr(0, 20) << " attempts=" << message.attempts
             << " timestamp=" << message.timestamp;
}

std::string record(const Stored& message) {
  return big_endian(26 + message.body.size(), 4) +
         big_endian(static_cast<std::uint64_t>(message.timestamp), 8) +
         big_endian(static_cast<std::uint64_t>(message.attempts), 2) +
         std::string(MessageId::from_number(message.id).view()) + message.body;
}

std::string records(const Messages& messages) {
  std::string out;
  for (const auto& message : messages) out += record(message);
  return out;
}

void DataPath::write(std::string_view name, std::string_view content) const {
  std::ofstream(path() / name, std::ios::binary) << content;
}

void DataPath::queue(std::string_view name, const Messages& messages) const {
  const std::string data = records(messages);
  const auto count = std::to_string(messages.size());
  write(std::string(name) + ".diskqueue.000000.dat", data);
  write(std::string(name) + ".diskqueue.meta.dat",
        count + "\n0,0\n0," + std::to_string(data.size()) + "\n");
}

void DataPath::import() const {
  const auto imported = import_upstream(config(), nsq::Logger());
  INFO((imported ? "" : imported.error().text()));
  REQUIRE(imported.has_value());
}

fs::path DataPath::imported() const {
  for (const auto& entry : fs::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("imported-by-nsqd-")) return entry.path();
  }
  return {};
}

Opened::Opened(const DatabaseConfig& config) : database_(config, health_, nsq::Logger()) {
  REQUIRE(database_.open().has_value());
}

Recovered Opened::state() {
  CorruptStretches corrupt{nsq::Logger()};
  auto state = read_state(database_, corrupt);
  REQUIRE(state.has_value());
  return *std::move(state);
}

std::vector<schema::Stored> Opened::recovered() {
  CorruptStretches corrupt{nsq::Logger()};
  auto topics = recover(database_, corrupt);
  REQUIRE(topics.has_value());
  return *std::move(topics);
}

void Opened::put(Family family, std::string_view key, std::string_view value) {
  rocksdb::WriteBatch batch;
  REQUIRE(batch.Put(database_.family(family), key, value).ok());
  REQUIRE(database_.write(batch, true).ok());
}

void Opened::put_topic(const TopicImage& image) {
  const auto key = schema::topic_bytes(image.id);
  put(Family::meta, schema::topic_key(image.id), schema::encode_topic(image));
  put(Family::cursor, {key.data(), key.size()}, schema::encode_cursors(image, 0));
}

void Opened::put_chunk(std::uint32_t topic, Offset first, const Messages& messages,
                       std::uint16_t attempts) {
  std::string value(schema::kChunkHeaderBytes, '\0');
  schema::write_chunk_header(
      value.data(),
      {.attempts = attempts, .count = static_cast<std::uint32_t>(messages.size()), .born = first});
  const auto key = schema::log_key(topic, first);
  put(Family::log, {key.data(), key.size()}, value + frames(messages));
}

void Opened::put_deferred(std::uint32_t topic, DuePoint at, ChannelId channel,
                          const Stored& message) {
  DeferredMessage header;
  header.channel = channel;
  header.run.attempts = static_cast<std::uint16_t>(message.attempts);
  std::string value(schema::kDeferredHeaderBytes, '\0');
  schema::write_deferred_header(value.data(), header);
  const auto key = schema::deferred_key(topic, at);
  put(Family::deferred, {key.data(), key.size()}, value + frame(message));
}

Content content_of(Database& database, const std::vector<schema::Stored>& topics) {
  Content content;
  for (const auto& [image, trimmed] : topics) {
    content[image.name] = read_cursor(database, image.id, 0, image.held);
    for (const auto& channel : image.channels) {
      content[image.name + ":" + channel.name] =
          read_cursor(database, image.id, channel.id, channel.cursor);
    }
  }
  return content;
}

Content content_of(const DatabaseConfig& config) {
  Opened opened(config);
  const auto topics = opened.recovered();
  return content_of(opened.database(), topics);
}

const TopicImage& topic_of(const std::vector<schema::Stored>& topics, std::string_view name) {
  for (const auto& each : topics) {
    if (each.image.name == name) return each.image;
  }
  FAIL("no topic " << name);
  throw std::logic_error("unreachable");
}

}  // namespace nsqd::migrate::test
