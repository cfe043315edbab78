#include "nsqd/storage/lost_table.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <rocksdb/ldb_tool.h>
#include <rocksdb/metadata.h>
#include <rocksdb/utilities/ldb_cmd.h>

namespace nsqd {

namespace {

constexpr std::string_view kExtension = ".sst";

/// The file name in RocksDB's words: "... in <folder>/000012.sst offset ...".
std::optional<std::string> table_named_in(std::string_view text) {
  const auto end = text.find(kExtension);
  if (end == std::string_view::npos) return std::nullopt;
  auto begin = end;
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  if (begin == end) return std::nullopt;
  return std::string(text.substr(begin, end - begin + kExtension.size()));
}

/// The family of the table, as the database tells that is opened in spite of its damage.
std::optional<std::string> family_of(const std::string& table, rocksdb::DBOptions options,
                                     const std::string& folder,
                                     const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  options.paranoid_checks = false;
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status =
      rocksdb::DB::OpenForReadOnly(options, folder, families, &handles, &opened, false);
  if (!status.ok()) return std::nullopt;
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::vector<rocksdb::LiveFileMetaData> tables;
  db->GetLiveFilesMetaData(&tables);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const auto& each) {
    return each.relative_filename == table;
  });
  if (found == tables.end()) return std::nullopt;
  return found->column_family_name;
}

}  // namespace

std::optional<LostTable> damaged_table(
    const rocksdb::Status& error, const rocksdb::DBOptions& options, const std::string& folder,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  const auto text = error.ToString();
  if (!error.IsCorruption() || text.contains("Can't access") || text.contains("IO error")) {
    return std::nullopt;
  }
  auto name = table_named_in(text);
  if (!name) return std::nullopt;
  auto family = family_of(*name, options, folder, families);
  if (!family) return std::nullopt;
  return LostTable{std::move(*name), std::move(*family)};
}

rocksdb::Status take_out(const LostTable& table, const rocksdb::DBOptions& options,
                         const std::string& folder,
                         const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  namespace fs = std::filesystem;
  const auto lost = fs::path(folder) / "lost";
  std::error_code error;
  fs::create_directory(lost, error);
  if (error) return rocksdb::Status::IOError(lost.string(), error.message());
  // A second name first: what is on no list is deleted when the database is opened.
  fs::create_hard_link(fs::path(folder) / table.name, lost / table.name, error);
  if (error && error != std::errc::file_exists) {
    return rocksdb::Status::IOError(table.name, error.message());
  }
  // RocksDB offers this as a command of its administration tool only.
  const std::vector<std::string> command{
      "--db=" + folder, "unsafe_remove_sst_file",
      table.name.substr(0, table.name.size() - kExtension.size())};
  const rocksdb::Options all(options, rocksdb::ColumnFamilyOptions());
  const std::unique_ptr<rocksdb::LDBCommand> tool(
      rocksdb::LDBCommand::InitFromCmdLineArgs(command, all, rocksdb::LDBOptions(), &families));
  if (!tool) return rocksdb::Status::NotSupported("unsafe_remove_sst_file");
  tool->Run();
  auto ended = tool->GetExecuteState();
  return ended.IsSucceed() ? rocksdb::Status::OK() : rocksdb::Status::Corruption(ended.ToString());
}

}  // namespace nsqd
