#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/wire/names.hpp"

namespace nsqd::upstream {

// The list of topics and channels that upstream keeps in `nsqd.dat`. Source: spec/nsqd.md 5.12.

inline constexpr std::string_view kMetadataFileName = "nsqd.dat";

struct ChannelEntry {
  nsq::wire::ChannelName name;
  bool paused = false;

  friend bool operator==(const ChannelEntry&, const ChannelEntry&) = default;
};

struct TopicEntry {
  nsq::wire::TopicName name;
  bool paused = false;
  std::vector<ChannelEntry> channels{};

  friend bool operator==(const TopicEntry&, const TopicEntry&) = default;
};

/// Topics and channels in the order of the file; no name twice.
struct Metadata {
  std::vector<TopicEntry> topics{};
  /// What was passed over while reading, a sentence each, for the log. Not written.
  std::vector<std::string> notes{};
};

/// Reads the content of an `nsqd.dat` as upstream does: null, absent and [] are alike, unknown
/// members are ignored, keys may be in any letter case. Entries with invalid names are passed over
/// and noted; ephemeral ones are taken; of a name that comes twice the entries are joined.
///
/// @return Errc::bad_json for text that is no JSON or has members of the wrong type: upstream does
///         not start then.
nsq::Result<Metadata> parse_metadata(std::string_view text);

/// `metadata` byte for byte as upstream writes it, without what is ephemeral.
std::string format_metadata(const Metadata& metadata);

/// Reads `nsqd.dat` in `directory`. No such file: no topics. An empty one is malformed.
nsq::Result<Metadata> read_metadata(const std::filesystem::path& directory);

/// Replaces `nsqd.dat` in `directory`, whole or not at all, mode 0600.
nsq::Result<void> write_metadata(const std::filesystem::path& directory, const Metadata& metadata);

}  // namespace nsqd::upstream
