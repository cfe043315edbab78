#include "nsqd/migrate/import_writer.hpp"

namespace nsqd::migrate {

using namespace nsq;

void ImportWriter::begin(std::uint32_t topic, ChannelId channel, Offset first) {
  topic_ = topic;
  channel_ = channel;
  begin_ = next_ = first;
}

Result<void> ImportWriter::add(const wire::MessageView& message) {
  const std::size_t bytes = wire::message_frame_bytes(message.body.size());
  if (header_.count > 0 &&
      (message.attempts != header_.attempts || header_.count == schema::kMaxChunkMessages ||
       chunk_.size() + bytes > schema::kMaxChunkBytes)) {
    if (auto ended = end(); !ended) return ended;
  }
  if (header_.count == 0) {
    chunk_first_ = next_;
    chunk_.resize(schema::kChunkHeaderBytes);
    header_ = {.attempts = message.attempts, .channel = channel_, .born = chunk_first_};
  }
  wire::MessageId id = message.id;
  if (!id.number()) {
    id = wire::MessageId::from_number(hash_value(id));
    ++renamed_;
  }
  const std::size_t at = chunk_.size();
  chunk_.resize(at + bytes);
  // Frames stand in the log as for a first delivery; the header has the attempts.
  wire::write_message_frame(chunk_.data() + at, message.timestamp_ns, 1, id, message.body);
  ++header_.count;
  ++next_;
  return {};
}

void ImportWriter::end_chunk() {
  if (header_.count == 0) return;
  schema::write_chunk_header(chunk_.data(), header_);
  const auto key = schema::log_key(topic_, chunk_first_);
  // Without a limit on the batch's size, a Put can only fail for want of memory, which throws.
  batch_.Put(database_.family(Family::log), {key.data(), key.size()}, chunk_)
      .PermitUncheckedError();
  header_ = {};
}

Result<void> ImportWriter::end() {
  end_chunk();
  return batch_.GetDataSize() < batch_bytes_ ? Result<void>() : flush();
}

Result<void> ImportWriter::flush() {
  if (batch_.Count() == 0) return {};
  if (database_.check()) {  // too little room
    auto unavailable = database_.available();
    if (!unavailable) return unavailable;
  }
  const auto status = database_.write(batch_, true);
  batch_.Clear();
  if (!status.ok()) return fail(Errc::storage_failed, status.ToString());
  return {};
}

}  // namespace nsqd::migrate
