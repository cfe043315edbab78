#include "nsqd/storage/wal_gate.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <rocksdb/file_system.h>

namespace nsqd {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class WatchedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<WalGate> gate)
      : FSWritableFileOwnerWrapper(std::move(file)), gate_(std::move(gate)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return looked_at(FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return looked_at(FSWritableFileOwnerWrapper::Append(data, options, info, debug));
  }

 private:
  IOStatus looked_at(IOStatus status) {
    if (!status.ok()) gate_->append_failed();
    return status;
  }

  const std::shared_ptr<WalGate> gate_;
};

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  WatchedFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, std::shared_ptr<WalGate> gate)
      : FileSystemWrapper(base), gate_(std::move(gate)) {}

  const char* Name() const override { return "WatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(path, options, file, debug);
    if (status.ok() && std::string_view(path).ends_with(".log")) {
      *file = std::make_unique<WatchedFile>(std::move(*file), gate_);
    }
    return status;
  }

 private:
  const std::shared_ptr<WalGate> gate_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> WalGate::watch(rocksdb::Env& base, std::shared_ptr<WalGate> gate) {
  return rocksdb::NewCompositeEnv(
      std::make_shared<WatchedFileSystem>(base.GetFileSystem(), std::move(gate)));
}

rocksdb::Status WalGate::sync(rocksdb::DB& db) {
  const nsq::MutexLock lock(mutex_);
  if (failed_) return rocksdb::Status::IOError("a write failed just now");
  return db.SyncWAL();
}

void WalGate::reset() {
  const nsq::MutexLock lock(mutex_);
  failed_ = false;
}

void WalGate::append_failed() {
  const nsq::MutexLock lock(mutex_);
  failed_ = true;
}

}  // namespace nsqd
