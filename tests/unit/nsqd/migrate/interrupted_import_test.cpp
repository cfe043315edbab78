// An import that is interrupted at each of its writes, as by kill -9: nothing that was not written
// by then reaches the disk, not even while the database closes.

#include <atomic>
#include <memory>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "nsqd/storage/import_mark.hpp"
#include "tests/unit/nsqd/migrate/fixture.hpp"

using namespace nsqd;
using namespace nsqd::migrate;
using namespace nsqd::migrate::test;

namespace {

namespace fs = std::filesystem;

class Budget {
 public:
  explicit Budget(int writes) : left_(writes) {}
  /// Takes one write. false: there are none left.
  bool take() { return left_.fetch_sub(1) > 0; }
  bool exhausted() const { return left_.load() < 0; }

 private:
  std::atomic<int> left_;
};

/// A file that can be written as often as the budget allows.
class CountedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CountedFile(std::unique_ptr<rocksdb::FSWritableFile> file, Budget& budget)
      : FSWritableFileOwnerWrapper(std::move(file)), budget_(budget) {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (!budget_.take()) return rocksdb::IOStatus::IOError("no more");
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& info,
                           rocksdb::IODebugContext* debug) override {
    if (!budget_.take()) return rocksdb::IOStatus::IOError("no more");
    return FSWritableFileOwnerWrapper::Append(data, options, info, debug);
  }

 private:
  Budget& budget_;
};

class CountedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit CountedFileSystem(Budget& budget)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), budget_(budget) {}
  const char* Name() const override { return "CountedFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    const bool counts = name.ends_with(".log") || name.ends_with(".sst");
    if (status.ok() && counts) {
      *result = std::make_unique<CountedFile>(std::move(*result), budget_);
    }
    return status;
  }

 private:
  Budget& budget_;
};

/// @return whether it was interrupted.
bool import_with(const DataPath& dir, int writes) {
  Budget budget(writes);
  const auto env = rocksdb::NewCompositeEnv(std::make_shared<CountedFileSystem>(budget));
  auto config = dir.config();
  config.database.env = env.get();
  config.batch_bytes = 1;  // so that each chunk is a write of its own
  const auto imported = import_upstream(config, nsq::Logger());
  CHECK((imported.has_value() || budget.exhausted()));
  return !imported;
}

/// Messages of which each makes a chunk, as their attempts differ.
Messages chunks(std::uint64_t first, std::uint64_t count) {
  Messages messages;
  for (std::uint64_t i = first; i < first + count; ++i) {
    messages.push_back({i, "body", static_cast<int>(i % 3)});
  }
  return messages;
}

/// Something for a topic that is there already, and for one that is new.
void fill(const DataPath& dir) {
  dir.metadata(R"({"topics":[{"name":"t","channels":[{"name":"c"}]},)"
               R"({"name":"u","paused":true,"channels":[{"name":"c"}]}]})");
  dir.queue("t:c", chunks(10, 3));
  dir.queue("t", {{5, "young"}});
  dir.queue("u", chunks(30, 3));
  dir.queue("u:c", {{2, "x"}, {3, "y"}});
}

Content expected(const Messages& before) {
  Messages in_c = before;
  for (const auto& message : chunks(10, 3)) in_c.push_back(message);
  in_c.push_back({5, "young"});
  return {{"t", {}}, {"t:c", in_c}, {"u", chunks(30, 3)}, {"u:c", {{2, "x"}, {3, "y"}}}};
}

void check_interruptions(const Messages& before) {
  bool interrupted = true;
  int rounds = 0;
  for (int writes = 1; interrupted; ++writes) {
    CAPTURE(writes);
    const DataPath dir;
    if (!before.empty()) {
      dir.metadata(R"({"topics":[{"name":"t","channels":[{"name":"c"}]}]})");
      dir.queue("t:c", before);
      dir.import();
    }
    fill(dir);
    interrupted = import_with(dir, writes);
    if (dir.has("nsqd.dat")) import_with(dir, writes + 2);  // again, perhaps further
    dir.import();
    CHECK_FALSE(dir.has("nsqd.dat"));
    REQUIRE(content_of(dir.database()) == expected(before));
    ++rounds;
  }
  CHECK(rounds > 10);
}

}  // namespace

TEST_CASE("interrupted at any write, an import begins anew without doubling anything",
          "[migrate][import]") {
  check_interruptions({});
}

TEST_CASE("the same into a topic that has messages", "[migrate][import]") {
  check_interruptions({{1, "before"}, {2, "too"}});
}

TEST_CASE("what an interrupted import added is not seen when its files are taken away",
          "[migrate][import]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"t","channels":[{"name":"c"}]}]})");
  dir.queue("t:c", {{1, "before"}});
  dir.import();
  {
    Opened opened(dir.database());
    const auto topics = opened.recovered();
    opened.put(Family::meta, kImportKey,
               encode_import_mark({ImportMark::Stage::begun, {{topics.at(0).image.id, 1}}}));
    opened.put_chunk(topics.at(0).image.id, 1, {{7, "half"}});
    opened.put_chunk(topics.at(0).image.id + 1, 0, {{8, "half"}});
    // A look leaves it out as a start does.
    const auto state = opened.state();
    CHECK(content_of(opened.database(), state.topics) ==
          Content{{"t", {}}, {"t:c", {{1, "before"}}}});
    CHECK(state.import->stage == ImportMark::Stage::begun);
  }
  const Content expected{{"t", {}}, {"t:c", {{1, "before"}}}};
  CHECK(content_of(dir.database()) == expected);
  CHECK(content_of(dir.database()) == expected);  // without the mark
}

TEST_CASE("an import that is committed is not repeated, its files are moved", "[migrate][import]") {
  const DataPath dir;
  dir.metadata(R"({"topics":[{"name":"t","channels":[{"name":"c"}]}]})");
  dir.queue("t:c", {{1, "a"}});
  dir.import();
  Opened(dir.database())
      .put(Family::meta, kImportKey, encode_import_mark({ImportMark::Stage::committed, {}}));
  const auto folder = dir.imported();
  fs::rename(folder / "nsqd.dat", dir.path() / "nsqd.dat");
  dir.import();
  CHECK_FALSE(dir.has("nsqd.dat"));
  CHECK(fs::exists(folder / "nsqd.dat"));
  CHECK(content_of(dir.database()).at("t:c") == Messages{{1, "a"}});
}

TEST_CASE("a mark that outlived the files does not keep new ones from being imported",
          "[migrate][import]") {
  const DataPath dir;
  {
    Opened opened(dir.database());
    opened.put(Family::meta, kImportKey, encode_import_mark({ImportMark::Stage::committed, {}}));
    opened.recovered();
    CHECK_FALSE(opened.state().import.has_value());
  }
  dir.metadata(R"({"topics":[{"name":"t"}]})");
  dir.queue("t", {{1, "a"}});
  dir.import();
  CHECK(content_of(dir.database()).at("t") == Messages{{1, "a"}});
}

TEST_CASE("an import mark reads as it was written, and nothing else does", "[migrate][import]") {
  const ImportMark mark{ImportMark::Stage::begun, {{1, 2}, {3, 1ULL << 40}}};
  const auto record = encode_import_mark(mark);
  CHECK(decode_import_mark(record) == mark);
  for (std::size_t cut = 0; cut < record.size(); ++cut) {
    CHECK_FALSE(decode_import_mark(std::string_view(record).substr(0, cut)));
  }
  CHECK_FALSE(decode_import_mark(record + "x"));
  CHECK_FALSE(decode_import_mark(std::string("\1\3\0\0\0\0", 6)));
  CHECK_FALSE(decode_import_mark(std::string("\2\1\0\0\0\0", 6)));
}
