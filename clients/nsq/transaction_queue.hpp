#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "clients/nsq/producer.hpp"
#include "common/base/clock.hpp"

namespace nsq::client {

/// A publish (or ping) that is not over.
struct Transaction {
  std::string command;  ///< what to write; empty once it is with the connection
  std::size_t bytes = 0;
  bool answered = true;  ///< the server answers it; a ping is not
  MonoTime deadline;
  Producer::Completion done;
  std::uint64_t starts_at = 0;  ///< on the wire: the connection's byte count before it
};

/// Transactions in the order of the calls: those that wait, and those on the wire, which are
/// answered in order. Deadlines are in that order too. Not thread-safe.
class TransactionQueue {
 public:
  TransactionQueue(std::int64_t max_messages, std::int64_t max_bytes)
      : max_messages_(static_cast<std::size_t>(max_messages)),
        max_bytes_(static_cast<std::size_t>(max_bytes)) {}

  /// False: as much waits already as may.
  bool add(Transaction&& transaction);
  /// Whether the next waiting one fits on the wire.
  bool may_send() const noexcept;
  /// Moves it there. It stays valid until taken.
  Transaction& send_next();

  /// The oldest on the wire, which the next answer is for. There must be one.
  Transaction take_sent();
  Transaction take_waiting();

  bool has_sent() const noexcept { return !sent_.empty(); }
  bool has_waiting() const noexcept { return !waiting_.empty(); }
  bool empty() const noexcept { return sent_.empty() && waiting_.empty(); }
  std::size_t size() const noexcept { return sent_.size() + waiting_.size(); }
  const Transaction& oldest_sent() const { return sent_.front(); }
  const Transaction& oldest_waiting() const { return waiting_.front(); }

 private:
  std::size_t max_messages_;
  std::size_t max_bytes_;
  std::deque<Transaction> waiting_;
  std::deque<Transaction> sent_;
  std::size_t waiting_bytes_ = 0;
  std::size_t sent_bytes_ = 0;
};

}  // namespace nsq::client
