#include "nsqd/storage/import_mark.hpp"

#include "nsqd/storage/record.hpp"

namespace nsqd {

using namespace nsq;

namespace {

constexpr std::uint8_t kMarkVersion = 1;

}  // namespace

std::string encode_import_mark(const ImportMark& mark) {
  schema::RecordWriter out;
  out.u8(kMarkVersion);
  out.u8(static_cast<std::uint8_t>(mark.stage));
  out.u32(static_cast<std::uint32_t>(mark.places.size()));
  for (const auto& [topic, begin] : mark.places) {
    out.u32(topic);
    out.u64(begin);
  }
  return out.take();
}

std::optional<ImportMark> decode_import_mark(std::string_view record) {
  schema::RecordReader in(record);
  if (in.u8() != kMarkVersion) return std::nullopt;
  ImportMark mark;
  mark.stage = static_cast<ImportMark::Stage>(in.u8());
  if (mark.stage != ImportMark::Stage::begun && mark.stage != ImportMark::Stage::committed) {
    return std::nullopt;
  }
  for (std::uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    const std::uint32_t topic = in.u32();
    mark.places.push_back({topic, in.u64()});
  }
  if (!in.ok() || !in.empty()) return std::nullopt;
  return mark;
}

Result<std::optional<ImportMark>> read_import_mark(rocksdb::DB& db, const Database& database) {
  std::string record;
  const auto status = db.Get(rocksdb::ReadOptions(), database.family(Family::meta),
                             rocksdb::Slice(kImportKey), &record);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return nsq::fail(Errc::storage_failed, status.ToString());
  auto mark = decode_import_mark(record);
  // Not to be guessed at: what it says decides what is deleted.
  if (!mark) return nsq::fail(Errc::storage_failed, "the mark of an import cannot be read");
  return mark;
}

}  // namespace nsqd
