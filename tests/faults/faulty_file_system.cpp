#include "tests/faults/faulty_file_system.hpp"

#include <filesystem>
#include <utility>

namespace nsq::test {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// Keeps the account of what was written and synced.
class FaultyFileSystem::WritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(FaultyFileSystem& files, std::string path,
               std::unique_ptr<rocksdb::FSWritableFile>&& target)
      : FSWritableFileOwnerWrapper(std::move(target)), files_(files), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus allowed = files_.allow(FileOperation::append, path_);
    if (!allowed.ok() && !files_.powered().ok()) return allowed;
    const Slice part = allowed.ok() ? data : Slice(data.data(), data.size() / 2);
    const IOStatus done = target()->Append(part, options, debug);
    if (done.ok()) files_.note_append(path_, part.size());
    return allowed.ok() ? done : allowed;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    if (const IOStatus powered = files_.powered(); !powered.ok()) return powered;
    const IOStatus done = target()->Truncate(size, options, debug);
    if (done.ok()) files_.note_truncate(path_, size);
    return done;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return sync([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return sync([&] { return target()->Fsync(options, debug); });
  }

 private:
  template <class Sync>
  IOStatus sync(Sync target_sync) {
    if (const IOStatus allowed = files_.allow(FileOperation::sync, path_); !allowed.ok()) {
      return allowed;
    }
    // What is appended meanwhile may or may not be safe: it counts as not.
    const std::uint64_t up_to = files_.written(path_);
    const IOStatus done = target_sync();
    if (done.ok()) files_.note_sync(path_, up_to);
    return done;
  }

  FaultyFileSystem& files_;
  const std::string path_;
};

class FaultyFileSystem::RandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccessFile(FaultyFileSystem& files, std::string path,
                   std::unique_ptr<rocksdb::FSRandomAccessFile>&& target)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), files_(files), path_(std::move(path)) {}

  IOStatus Read(std::uint64_t offset, std::size_t bytes, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    const IOStatus allowed = files_.allow(FileOperation::read, path_);
    return allowed.ok() ? target()->Read(offset, bytes, options, result, scratch, debug) : allowed;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    const IOStatus allowed = files_.allow(FileOperation::read, path_);
    return allowed.ok() ? target()->MultiRead(requests, count, options, debug) : allowed;
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
};

class FaultyFileSystem::SequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  SequentialFile(FaultyFileSystem& files, std::string path,
                 std::unique_ptr<rocksdb::FSSequentialFile>&& target)
      : FSSequentialFileOwnerWrapper(std::move(target)), files_(files), path_(std::move(path)) {}

  IOStatus Read(std::size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    const IOStatus allowed = files_.allow(FileOperation::read, path_);
    return allowed.ok() ? target()->Read(bytes, options, result, scratch, debug) : allowed;
  }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
};

void FaultyFileSystem::fail(FileOperation operation, IOStatus status, std::string part) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({operation, std::move(status), std::move(part)});
}

void FaultyFileSystem::repair() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::uint64_t FaultyFileSystem::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

void FaultyFileSystem::cut_power() {
  const std::lock_guard lock(mutex_);
  power_ = false;
}

void FaultyFileSystem::lose_unsynced() {
  const std::lock_guard lock(mutex_);
  lost_ = 0;
  for (auto& [path, extent] : files_) {
    if (extent.synced == extent.written || !std::filesystem::exists(path)) continue;
    std::filesystem::resize_file(path, extent.synced);
    lost_ += extent.written - extent.synced;
    extent.written = extent.synced;
  }
  faults_.clear();
  power_ = true;
}

std::uint64_t FaultyFileSystem::lost_bytes() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

IOStatus FaultyFileSystem::allow(FileOperation operation, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const bool reads =
      operation == FileOperation::read || operation == FileOperation::open_for_reading;
  if (!power_ && !reads) {
    ++refusals_;
    return IOStatus::IOError("the power is off");
  }
  for (const Fault& fault : faults_) {
    if (fault.operation != operation || path.find(fault.part) == std::string::npos) continue;
    ++refusals_;
    return fault.status;
  }
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::powered() const {
  const std::lock_guard lock(mutex_);
  return power_ ? IOStatus::OK() : IOStatus::IOError("the power is off");
}

void FaultyFileSystem::note_append(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  files_[path].written += bytes;
}

void FaultyFileSystem::note_truncate(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  Extent& extent = files_[path];
  extent.written = size;
  extent.synced = std::min(extent.synced, size);
}

std::uint64_t FaultyFileSystem::written(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second.written;
}

void FaultyFileSystem::note_sync(const std::string& path, std::uint64_t up_to) {
  const std::lock_guard lock(mutex_);
  Extent& extent = files_[path];
  extent.synced = std::max(extent.synced, std::min(up_to, extent.written));
}

IOStatus FaultyFileSystem::wrap(const std::string& path, std::uint64_t size, IOStatus opened,
                                std::unique_ptr<rocksdb::FSWritableFile>* file) {
  if (!opened.ok()) return opened;
  {
    const std::lock_guard lock(mutex_);
    // What an earlier process wrote is taken as safe, unless this file system has seen it written.
    const auto [known, unseen] = files_.try_emplace(path, Extent{size, size});
    if (!unseen && size == 0) known->second = {};
  }
  *file = std::make_unique<WritableFile>(*this, path, std::move(*file));
  return opened;
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                             IODebugContext* debug) {
  if (IOStatus allowed = allow(FileOperation::open_for_reading, path); !allowed.ok())
    return allowed;
  IOStatus opened = target()->NewSequentialFile(path, options, file, debug);
  if (opened.ok()) *file = std::make_unique<SequentialFile>(*this, path, std::move(*file));
  return opened;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& path,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                               IODebugContext* debug) {
  if (IOStatus allowed = allow(FileOperation::open_for_reading, path); !allowed.ok())
    return allowed;
  IOStatus opened = target()->NewRandomAccessFile(path, options, file, debug);
  if (opened.ok()) *file = std::make_unique<RandomAccessFile>(*this, path, std::move(*file));
  return opened;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& path,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                                           IODebugContext* debug) {
  if (IOStatus allowed = allow(FileOperation::open_for_writing, path); !allowed.ok())
    return allowed;
  return wrap(path, 0, target()->NewWritableFile(path, options, file, debug), file);
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& path,
                                              const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                                              IODebugContext* debug) {
  if (IOStatus allowed = allow(FileOperation::open_for_writing, path); !allowed.ok())
    return allowed;
  const std::uint64_t size =
      std::filesystem::exists(path) ? std::filesystem::file_size(path) : std::uint64_t{0};
  return wrap(path, size, target()->ReopenWritableFile(path, options, file, debug), file);
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                      IODebugContext* debug) {
  if (IOStatus on = powered(); !on.ok()) return on;
  IOStatus done = target()->DeleteFile(path, options, debug);
  const std::lock_guard lock(mutex_);
  if (done.ok()) files_.erase(path);
  return done;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions& options, IODebugContext* debug) {
  if (IOStatus on = powered(); !on.ok()) return on;
  IOStatus done = target()->RenameFile(from, to, options, debug);
  const std::lock_guard lock(mutex_);
  if (!done.ok()) return done;
  files_.erase(to);
  if (auto moved = files_.extract(from)) {
    moved.key() = to;
    files_.insert(std::move(moved));
  }
  return done;
}

IOStatus device_error() {
  return IOStatus::IOError("Input/output error");
}

IOStatus disk_full() {
  return IOStatus::NoSpace("No space left on device");
}

IOStatus no_permission() {
  return IOStatus::IOError("Permission denied");
}

}  // namespace nsq::test
