#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <rocksdb/env.h>

namespace nsqd::disk {

// What the file system under a database can take. All of it blocks on the disk; any thread.

/// Bytes of the file system of `path` (empty: the current directory) that are free for us, or
/// nothing if that cannot be told.
std::optional<std::uint64_t> free_bytes(const std::string& path);

/// How many bytes of room are missing for what opening the database in `folder` writes: tables with
/// all that its write-ahead logs hold, which are deleted only then. 0 also if that cannot be told.
std::uint64_t room_missing_to_recover(const std::string& folder);

/// Whether a small file can be created in `folder`, written, synced and deleted.
bool takes_writes(rocksdb::Env& env, const std::string& folder);

}  // namespace nsqd::disk
