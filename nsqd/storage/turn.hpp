#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rocksdb/write_batch.h>

#include "nsqd/queue/topic.hpp"
#include "nsqd/storage/database.hpp"

namespace nsqd {

/// What the topics gave to one thread's journal during one turn, and its form on the disk. Not
/// thread-safe; handed over as a whole.
class Turn {
 public:
  void append(Topic& topic, const Run& run, const Audience& audience);
  void defer(Topic& topic, const DeferredMessage& message);
  void drop_deferred(Topic& topic, const DeferredMessage& message);
  void discard_deferred(Topic& topic, const DeferredMessage& message);

  bool empty() const noexcept { return messages_.empty() && deferred_.empty() && drops_.empty(); }
  /// Whether one of the topics wants it to survive the machine.
  bool wants_sync() const;
  /// The topics of which the log does not know yet.
  std::vector<std::shared_ptr<Topic>> unsaved() const;

  /// Adds all of it to `batch`, in chunks as large as may be. @return false: the log is closed.
  [[nodiscard]] bool encode(const Database& database, rocksdb::WriteBatch& batch);

  /// Tells the topics how it ended.
  void settle(bool ok, nsq::Now now);

  void clear();

 private:
  struct Messages {
    std::shared_ptr<Topic> topic;
    Run run;
    Audience audience;
  };
  struct Later {
    std::shared_ptr<Topic> topic;
    DeferredMessage message;
  };
  struct Drop {
    std::uint32_t topic;
    DuePoint at;
    std::shared_ptr<Topic> told = nullptr;  // of a discarded one
  };

  void encode_messages(const Database& database, rocksdb::WriteBatch& batch);

  std::vector<Messages> messages_;
  std::vector<Later> deferred_;
  std::vector<Drop> drops_;
};

}  // namespace nsqd
