#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

namespace nsq::test {

/// What a file system can be asked to refuse.
enum class FileOperation : std::uint8_t {
  open_for_writing,  ///< a file that is created, or written on
  open_for_reading,
  append,  ///< writes the first half of what it was given, then fails, as a full disk does
  sync,
  read,
};

/// A file system that fails on cue, and one that forgets what was not synced, as a machine whose
/// power fails does. Everything else is the file system below. Thread-safe.
///
/// What it does not imitate: directories. A file that was created, renamed or deleted stays so over
/// a loss of power, whether its directory was synced or not.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  /// From now on `operation` fails with `status` on files whose path contains `part`.
  void fail(FileOperation operation, rocksdb::IOStatus status, std::string part = {});
  /// Everything works again.
  void repair();
  /// Operations that were refused so far.
  std::uint64_t refusals() const;

  /// The power fails: nothing can be written, synced, created, renamed or deleted any more.
  void cut_power();
  /// The power is back, and files end where they were last synced. REQUIRES: all files are closed.
  void lose_unsynced();
  /// Bytes that the last lose_unsynced() took.
  std::uint64_t lost_bytes() const;

  // rocksdb::FileSystem
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class WritableFile;
  class RandomAccessFile;
  class SequentialFile;

  struct Fault {
    FileOperation operation;
    rocksdb::IOStatus status;
    std::string part;
  };
  /// How far a file was written, and how much of that is safe.
  struct Extent {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };

  /// Whether the operation may be done.
  rocksdb::IOStatus allow(FileOperation operation, const std::string& path);
  rocksdb::IOStatus powered() const;
  void note_append(const std::string& path, std::uint64_t bytes);
  void note_truncate(const std::string& path, std::uint64_t size);
  std::uint64_t written(const std::string& path) const;
  void note_sync(const std::string& path, std::uint64_t up_to);
  rocksdb::IOStatus wrap(const std::string& path, std::uint64_t size, rocksdb::IOStatus opened,
                         std::unique_ptr<rocksdb::FSWritableFile>* file);

  mutable std::mutex mutex_;  // guards what follows; a leaf
  std::vector<Fault> faults_;
  std::map<std::string, Extent> files_;  // by path
  bool power_ = true;
  std::uint64_t refusals_ = 0;
  std::uint64_t lost_ = 0;
};

/// The error of a device that failed (EIO), of a full disk (ENOSPC), of a file or directory that
/// may not be written (EACCES).
rocksdb::IOStatus device_error();
rocksdb::IOStatus disk_full();
rocksdb::IOStatus no_permission();

}  // namespace nsq::test
