#include "nsqd/migrate/upstream_export.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/base/bytes.hpp"
#include "common/wire/message.hpp"
#include "nsqd/queue/deadline_index.hpp"
#include "nsqd/queue/frame.hpp"
#include "nsqd/queue/topic.hpp"
#include "nsqd/storage/inspect.hpp"
#include "nsqd/storage/log_reader.hpp"
#include "nsqd/storage/recovery.hpp"
#include "nsqd/upstream/data_path.hpp"
#include "nsqd/upstream/disk_queue_writer.hpp"

namespace nsqd::migrate {

using namespace nsq;

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kReadBytes = 1_MiB;

constexpr DuePoint kFirstDue{std::numeric_limits<std::int64_t>::min(), 0};
constexpr DuePoint kLastDue{std::numeric_limits<std::int64_t>::max(),
                            std::numeric_limits<Offset>::max()};

Result<void> check_target(const ExportConfig& config) {
  std::error_code error;
  if (!fs::is_directory(config.to, error)) {
    return fail(Errc::bad_config, fmt::format("{} is no directory", config.to.native()));
  }
  const fs::path from = config.database.data_path.empty() ? "." : config.database.data_path;
  if (fs::equivalent(from, config.to, error)) {
    return fail(
        Errc::bad_config,
        fmt::format("{} is the data path itself, where the next start would import it again",
                    config.to.native()));
  }
  const auto waiting = upstream::has_upstream_data(from);
  if (!waiting) return std::unexpected(waiting.error());
  if (*waiting) {
    return fail(Errc::bad_config,
                fmt::format("{} holds data of upstream that are not imported yet: start nsqd first",
                            from.native()));
  }
  const auto found = upstream::scan_data_path(config.to);
  if (!found) return std::unexpected(found.error());
  const auto there = upstream::has_upstream_data(config.to);
  if (!there) return std::unexpected(there.error());
  if (*there || !found->queues.empty() || !found->unlisted.empty()) {
    return fail(Errc::bad_config, fmt::format("{} holds data of upstream: take an empty directory",
                                              config.to.native()));
  }
  return {};
}

class Export {
 public:
  Export(const Database& database, const ExportConfig& config, CorruptStretches& corrupt,
         Progress::Tell tell)
      : config_(config),
        corrupt_(corrupt),
        reader_(database, corrupt),
        progress_(std::move(tell)) {}

  Result<ExportSummary> run(const std::vector<schema::Stored>& topics) {
    upstream::Metadata metadata;
    for (const auto& stored : topics) {
      const TopicImage& image = stored.image;
      auto name = wire::TopicName::parse(image.name);
      if (!name) return std::unexpected(std::move(name.error()));
      upstream::TopicEntry entry{.name = *name, .paused = image.paused};
      // The log's reader asks for a topic, of which it needs the number only.
      const auto topic =
          std::make_shared<Topic>(*name, QueueLimits{}, deadlines_, Topic::Setup{.id = image.id});
      if (auto written = write_queue({*name, std::nullopt}, topic, image, nullptr); !written) {
        return std::unexpected(std::move(written.error()));
      }
      for (const auto& channel : image.channels) {
        auto channel_name = wire::ChannelName::parse(channel.name);
        if (!channel_name) return std::unexpected(std::move(channel_name.error()));
        if (auto written = write_queue({*name, *channel_name}, topic, image, &channel); !written) {
          return std::unexpected(std::move(written.error()));
        }
        entry.channels.push_back({.name = *channel_name, .paused = channel.paused});
        ++summary_.channels;
      }
      metadata.topics.push_back(std::move(entry));
      ++summary_.topics;
    }
    if (auto written = upstream::write_metadata(config_.to, metadata); !written) {
      return std::unexpected(std::move(written.error()));
    }
    summary_.corrupt = corrupt_.count();
    return summary_;
  }

 private:
  /// @param channel  null: what the topic keeps itself.
  Result<void> write_queue(upstream::QueueName name, const std::shared_ptr<Topic>& topic,
                           const TopicImage& image, const ChannelImage* channel) {
    queue_ = name.str();
    auto writer =
        upstream::DiskQueueWriter::create(config_.to, std::move(name), config_.max_bytes_per_file);
    if (!writer) return std::unexpected(std::move(writer.error()));
    const Cursor& cursor = channel ? channel->cursor : image.held;
    for (const LogRange& range : cursor.unacked) {
      ReadRequest request{.topic = topic,
                          .channel = nullptr,
                          .channel_id = channel ? channel->id : 0,
                          .start = cursor.start,
                          .begin = range.begin,
                          .end = range.end,
                          .bytes = kReadBytes};
      if (auto written = write_range(*writer, std::move(request), range.attempts); !written) {
        return written;
      }
    }
    if (image.far_deferred > 0) {
      if (auto written = write_deferred(*writer, topic, image, channel); !written) return written;
    }
    return writer->close();
  }

  Result<void> write_range(upstream::DiskQueueWriter& writer, ReadRequest request,
                           std::uint16_t attempts) {
    while (request.begin < request.end) {
      auto read = reader_.read(request);
      if (!read) return std::unexpected(std::move(read.error()));
      for (const Run& run : read->runs) {
        if (auto written = write_run(writer, run, std::max(attempts, run.attempts)); !written) {
          return written;
        }
      }
      request.begin = read->next;
    }
    return {};
  }

  Result<void> write_deferred(upstream::DiskQueueWriter& writer,
                              const std::shared_ptr<Topic>& topic, const TopicImage& image,
                              const ChannelImage* channel) {
    for (DuePoint from = kFirstDue; from < kLastDue;) {
      auto read = reader_.read_deferred({topic, from, kLastDue});
      if (!read) return std::unexpected(std::move(read.error()));
      for (const auto& message : read->messages) {
        if (!takes_deferred(image, channel, message.at.number, message.channel)) continue;
        ++summary_.deferred;
        if (auto written = write_run(writer, message.run, message.run.attempts); !written) {
          return written;
        }
      }
      from = read->complete_to;
    }
    return {};
  }

  Result<void> write_run(upstream::DiskQueueWriter& writer, const Run& run,
                         std::uint16_t attempts) {
    std::string_view frames = run.frames();
    while (!frames.empty()) {
      const std::uint32_t bytes = frame_bytes(frames.data());
      auto message = wire::decode_message(
          frames.substr(wire::kFrameHeaderBytes, bytes - wire::kFrameHeaderBytes));
      if (!message) return std::unexpected(std::move(message.error()));
      message->attempts = attempts;
      if (auto written = writer.write(*message); !written) return written;
      ++summary_.messages;
      summary_.bytes += message->body.size();
      frames.remove_prefix(bytes);
    }
    progress_.step([&] {
      return fmt::format("{} messages, {}; in {}", summary_.messages, format_bytes(summary_.bytes),
                         queue_);
    });
    return {};
  }

  const ExportConfig& config_;
  CorruptStretches& corrupt_;
  LogReader reader_;
  DeadlineIndex deadlines_;
  Progress progress_;
  std::string queue_;
  ExportSummary summary_;
};

}  // namespace

Result<ExportSummary> export_upstream(const ExportConfig& config, const Logger& log,
                                      Progress::Tell tell) {
  if (auto checked = check_target(config); !checked) return std::unexpected(checked.error());
  Health health;
  Database database(config.database, health, log);
  if (auto opened = database.open_read_only(); !opened) return std::unexpected(opened.error());
  CorruptStretches corrupt(log);
  const auto state = read_state(database, corrupt);
  if (!state) return std::unexpected(state.error());
  return Export(database, config, corrupt, std::move(tell)).run(state->topics);
}

}  // namespace nsqd::migrate
