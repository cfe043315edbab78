#include "nsqd/upstream/disk_queue_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "nsqd/upstream/file.hpp"

namespace nsqd::upstream {

using nsq::Result;
using nsq::wire::MessageView;

Result<DiskQueueReader> DiskQueueReader::open(QueueFiles files, ReadOptions options) {
  DiskQueueReader reader(std::move(files), options);
  if (auto read = reader.read_positions(); !read) return std::unexpected(read.error());
  if (auto planned = reader.plan(); !planned) return std::unexpected(planned.error());
  return reader;
}

Result<void> DiskQueueReader::read_positions() {
  if (files_.has_meta) {
    const auto text = read_file(files_.meta_path());
    if (!text) return std::unexpected(text.error());
    positions_ = parse_positions(*text);
  }
  if (!positions_ && !files_.data.empty()) {
    note_meta(files_.has_meta ? "is malformed: reading all data files from their beginning"
                              : "is missing: reading all data files from their beginning");
  }
  if (positions_ && positions_->depth < 0) {
    note_meta(fmt::format("has a negative depth, {}", positions_->depth));
  }
  return {};
}

Result<void> DiskQueueReader::plan() {
  for (const DataFile& data : files_.data) {
    const auto offset = first_offset(data);
    if (!offset) {
      note(data, data.bad ? "not read" : "not read: it lies before the read position");
      continue;
    }
    const auto file = File::open(files_.path(data));
    if (!file) return std::unexpected(file.error());
    const auto size = file->size();
    if (!size) return std::unexpected(size.error());
    check_end(data, *offset, *size);
    const std::uint64_t bytes = *size > *offset ? *size - *offset : 0;
    total_bytes_ += bytes;
    parts_.push_back({data, *offset, bytes});
  }
  count_missing_files();
  return {};
}

// Where to begin in a file; nothing if it is not to be read.
std::optional<std::uint64_t> DiskQueueReader::first_offset(const DataFile& file) const {
  if (file.bad) return options_.bad_files ? std::optional<std::uint64_t>(0) : std::nullopt;
  if (!positions_ || file.number > positions_->read_file) return 0;
  if (file.number < positions_->read_file) return std::nullopt;
  return static_cast<std::uint64_t>(positions_->read_offset);
}

// Compares what is there with what the meta file says should be.
void DiskQueueReader::check_end(const DataFile& file, std::uint64_t offset, std::uint64_t size) {
  if (!positions_ || file.bad) return;
  if (offset > size) {
    note(file, fmt::format("ends at {}, before the read position {}", size, offset));
  }
  if (file.number > positions_->write_file) note(file, "read although behind the write position");
  if (file.number != positions_->write_file) return;
  const auto end = static_cast<std::uint64_t>(positions_->write_offset);
  if (size < end) note(file, fmt::format("ends at {}, before the write position {}", size, end));
  if (size > end) note(file, fmt::format("read beyond the write position {}, to {}", end, size));
}

void DiskQueueReader::count_missing_files() {
  if (!positions_ || positions_->read_file > positions_->write_file) return;
  // Nothing is written at offset 0, so that file need not exist yet.
  const auto last = positions_->write_file - (positions_->write_offset == 0 ? 1 : 0);
  const auto present = std::ranges::count_if(files_.data, [&](const DataFile& file) {
    return !file.bad && file.number >= positions_->read_file && file.number <= last;
  });
  // Unsigned: the numbers of a damaged meta file may be as far apart as they can.
  const auto named = static_cast<std::uint64_t>(last - positions_->read_file) + 1;
  const auto missing = named - static_cast<std::uint64_t>(present);
  if (missing > 0) {
    note_meta(fmt::format("names data files {} to {}, of which {} are missing",
                          positions_->read_file, last, missing));
  }
}

Result<std::optional<MessageView>> DiskQueueReader::next() {
  for (; at_ < parts_.size(); ++at_) {
    if (!file_) {
      if (auto opened = open_part(); !opened) return std::unexpected(opened.error());
    }
    auto record = file_->next();
    if (!record) return record;
    if (*record) {
      ++file_records_;
      ++records_;
      return record;
    }
    close_part();
  }
  close_queue();
  return std::nullopt;
}

Result<void> DiskQueueReader::open_part() {
  const Part& part = parts_[at_];
  auto file = DataFileReader::open(files_.path(part.file), part.offset, options_.max_body_bytes);
  if (!file) return std::unexpected(file.error());
  file_.emplace(*std::move(file));
  file_records_ = 0;
  return {};
}

void DiskQueueReader::close_part() {
  const Part& part = parts_[at_];
  if (file_->oversized() > 0) {
    note(part.file, fmt::format("{} records with bodies of more than {} bytes are skipped",
                                file_->oversized(), options_.max_body_bytes));
  }
  if (file_->damage()) note(part.file, *file_->damage());
  if (part.file.bad) {
    bad_records_ += file_records_;
    note(part.file, fmt::format("set aside by upstream; {} records read, which may "
                                "have been delivered before",
                                file_records_));
  }
  finished_bytes_ += part.bytes;
  file_.reset();
}

void DiskQueueReader::close_queue() {
  if (finished_) return;
  finished_ = true;
  const std::uint64_t found = records_ - bad_records_;
  if (positions_ && !std::cmp_equal(positions_->depth, found)) {
    note_meta(fmt::format("counts {} records, found were {}", positions_->depth, found));
  }
}

std::uint64_t DiskQueueReader::bytes_read() const noexcept {
  return finished_bytes_ + (file_ ? file_->offset() - parts_[at_].offset : 0);
}

void DiskQueueReader::note(const DataFile& file, std::string_view text) {
  notes_.push_back(fmt::format("{}: {}", files_.path(file).filename().native(), text));
}

void DiskQueueReader::note_meta(std::string_view text) {
  notes_.push_back(fmt::format("{}: {}", meta_file_name(files_.name), text));
}

}  // namespace nsqd::upstream
