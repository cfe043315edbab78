#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/storage/database.hpp"
#include "nsqd/storage/schema.hpp"

namespace nsqd {

/// The key in "meta" of an import of foreign data. Format: docs/storage.md.
inline constexpr std::string_view kImportKey = "import";

/// How far an import has come, as it stands on the disk. It writes messages long before it can say
/// to whom they belong, so until it is committed, what it wrote is to be removed again.
struct ImportMark {
  enum class Stage : std::uint8_t {
    begun = 1,      ///< all that it wrote is to be removed
    committed = 2,  ///< it is complete; what is left is to move the foreign files aside
  };
  /// A topic that was there before: from `begin` on, its log is the import's.
  struct Place {
    std::uint32_t topic = 0;
    Offset begin = 0;

    friend bool operator==(const Place&, const Place&) = default;
  };

  Stage stage = Stage::begun;
  std::vector<Place> places{};

  friend bool operator==(const ImportMark&, const ImportMark&) = default;
};

std::string encode_import_mark(const ImportMark& mark);
std::optional<ImportMark> decode_import_mark(std::string_view record);

/// The one in the database, if there is one.
nsq::Result<std::optional<ImportMark>> read_import_mark(rocksdb::DB& db, const Database& database);

}  // namespace nsqd
