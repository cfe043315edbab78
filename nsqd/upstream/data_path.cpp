#include "nsqd/upstream/data_path.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "nsqd/upstream/file.hpp"

namespace nsqd::upstream {
namespace {

namespace fs = std::filesystem;
using nsq::Result;

constexpr std::string_view kFolderPrefix = "imported-by-nsqd-";

auto failed(const fs::path& directory, std::string_view operation, const std::error_code& error) {
  const boost::system::error_code code(error.value(), boost::system::system_category());
  return nsq::fail(code, fmt::format("{} {}: {}", operation, directory.native(), error.message()));
}

// The names of what is in `directory`, those of folders or those of files, in order.
Result<std::vector<std::string>> list(const fs::path& directory, bool folders) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code gone;  // a dangling link is neither
    if (folders ? at->is_directory(gone) : at->is_regular_file(gone)) {
      names.push_back(at->path().filename().native());
    }
  }
  if (error) return failed(directory, "list", error);
  std::ranges::sort(names);
  return names;
}

// `nsqd.dat.<number>.tmp`
bool is_temporary_metadata(std::string_view name) {
  constexpr std::string_view kTail = ".tmp";
  if (!name.starts_with(kMetadataFileName) || !name.ends_with(kTail)) return false;
  name.remove_prefix(kMetadataFileName.size());
  if (name.size() < kTail.size() + 2) return false;
  name.remove_suffix(kTail.size());
  return name.front() == '.' && name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

void add_file(QueueFiles& files, const FileName& file, const std::string& name) {
  switch (file.kind) {
    case FileKind::data:
    case FileKind::bad:
      files.data.push_back({.number = file.number, .bad = file.kind == FileKind::bad});
      break;
    case FileKind::meta:
      files.has_meta = true;
      break;
    case FileKind::temporary:
      files.temporary.push_back(name);
      break;
  }
}

// The queues that upstream reads.
std::set<QueueName> listed_queues(const Metadata& metadata) {
  std::set<QueueName> names;
  const auto add = [&](QueueName name) {
    if (!name.ephemeral()) names.insert(std::move(name));
  };
  for (const TopicEntry& topic : metadata.topics) {
    add({topic.name, std::nullopt});
    for (const ChannelEntry& channel : topic.channels) add({topic.name, channel.name});
  }
  return names;
}

// The folder that an interrupted call was filling, or a new one.
Result<fs::path> imported_folder(const fs::path& directory,
                                 std::chrono::system_clock::time_point now) {
  const auto folders = list(directory, true);
  if (!folders) return std::unexpected(folders.error());
  for (const std::string& name : *folders) {
    if (!name.starts_with(kFolderPrefix)) continue;
    const auto complete = file_exists(directory / name / kMetadataFileName);
    if (!complete) return std::unexpected(complete.error());
    if (!*complete) return directory / name;
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  std::string name = fmt::format("{}{:%Y%m%dT%H%M%SZ}", kFolderPrefix,
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
  while (std::ranges::binary_search(*folders, name)) name += '+';
  return directory / name;
}

Result<void> move_all(const std::vector<std::string>& names, const fs::path& from,
                      const fs::path& to) {
  for (const std::string& name : names) {
    if (auto moved = move_file(from / name, to / name); !moved) return moved;
  }
  // What arrived must be on disk before what left: a file in both places can be told, one in none
  // is lost.
  if (auto synced = sync_directory(to); !synced) return synced;
  return sync_directory(from);
}

}  // namespace

const QueueFiles* DataPath::find(const QueueName& name) const {
  const auto at = std::ranges::lower_bound(queues, name, {}, &QueueFiles::name);
  return at != queues.end() && at->name == name ? &*at : nullptr;
}

Result<bool> has_upstream_data(const fs::path& directory) {
  return file_exists(directory / kMetadataFileName);
}

Result<DataPath> scan_data_path(const fs::path& directory) {
  auto metadata = read_metadata(directory);
  if (!metadata) return std::unexpected(metadata.error());
  const auto names = list(directory, false);
  if (!names) return std::unexpected(names.error());

  DataPath result{.metadata = *std::move(metadata)};
  std::map<QueueName, QueueFiles> found;
  for (const std::string& name : *names) {
    if (is_temporary_metadata(name)) result.temporary.push_back(name);
    const auto file = parse_file_name(name);
    if (!file) continue;
    const auto at = found.try_emplace(file->queue, QueueFiles{directory, file->queue}).first;
    add_file(at->second, *file, name);
  }
  for (auto& [name, files] : found) std::ranges::sort(files.data);

  const auto listed = listed_queues(result.metadata);
  for (auto& [name, files] : found) {
    (listed.contains(name) ? result.queues : result.unlisted).push_back(std::move(files));
  }
  return result;
}

Result<std::optional<fs::path>> rename_imported(const fs::path& directory,
                                                std::chrono::system_clock::time_point now) {
  const auto there = has_upstream_data(directory);
  if (!there) return std::unexpected(there.error());
  if (!*there) return std::nullopt;
  const auto found = scan_data_path(directory);
  if (!found) return std::unexpected(found.error());
  const auto folder = imported_folder(directory, now);
  if (!folder) return std::unexpected(folder.error());
  std::error_code error;
  fs::create_directory(*folder, error);
  if (error) return failed(*folder, "create", error);

  for (const QueueFiles& queue : found->queues) {
    if (auto moved = move_all(queue.names(), directory, *folder); !moved) {
      return std::unexpected(moved.error());
    }
  }
  auto moved = move_all(found->temporary, directory, *folder);
  if (moved) moved = move_all({std::string(kMetadataFileName)}, directory, *folder);
  if (!moved) return std::unexpected(moved.error());
  return *folder;
}

}  // namespace nsqd::upstream
