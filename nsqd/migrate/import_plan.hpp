#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nsqd/queue/durability.hpp"
#include "nsqd/storage/import_mark.hpp"
#include "nsqd/storage/schema.hpp"
#include "nsqd/upstream/metadata.hpp"

namespace nsqd::migrate {

/// A topic as it will be when the import is committed.
class ImportedTopic {
 public:
  /// @param stored  the topic so far; with an empty log and no channels if it is new.
  /// Merges what upstream says of the topic into it. What either side paused is paused.
  ImportedTopic(schema::Stored stored, const upstream::TopicEntry& entry);

  const TopicImage& image() const noexcept { return stored_.image; }
  Offset trimmed() const noexcept { return stored_.trimmed; }

  /// The number of a channel, which the topic has.
  ChannelId channel(std::string_view name) const;

  /// `count` messages were written to the log at next_offset and are the channel's; of 0: what the
  /// topic had not handed to its channels, which is theirs now, or the topic's while it has no
  /// channels or is paused.
  void append(ChannelId channel, std::uint64_t count);

  /// To be called once, when all is appended: nothing behind the log is unknown any more.
  void finish();

 private:
  void add_channel(const upstream::ChannelEntry& entry);
  bool holding() const noexcept { return stored_.image.paused || stored_.image.channels.empty(); }
  void hand_out_held();

  schema::Stored stored_;
};

/// What an import will do, before any message is read.
struct ImportPlan {
  std::vector<ImportedTopic> topics;  ///< in the order of nsqd.dat
  /// Topics that were there: their logs from here on are the import's.
  std::vector<ImportMark::Place> places;
  std::uint32_t first_new = 0;     ///< no topic had this number or a higher one
  std::vector<std::string> notes;  ///< sentences for the log
};

/// Joins nsqd.dat with the topics that the database has. What is ephemeral is left out: it had
/// nothing that survived.
/// @param durability  of topics that are new.
ImportPlan plan_import(const upstream::Metadata& metadata, std::vector<schema::Stored> topics,
                       Durability durability);

}  // namespace nsqd::migrate
