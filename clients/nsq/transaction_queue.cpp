#include "clients/nsq/transaction_queue.hpp"

#include <utility>

namespace nsq::client {

// One that is too large for the limit alone passes when nothing else is there.

bool TransactionQueue::add(Transaction&& transaction) {
  const bool fits = waiting_.size() < max_messages_ &&
                    (waiting_.empty() || waiting_bytes_ + transaction.bytes <= max_bytes_);
  if (!fits) return false;
  waiting_bytes_ += transaction.bytes;
  waiting_.push_back(std::move(transaction));
  return true;
}

bool TransactionQueue::may_send() const noexcept {
  if (waiting_.empty() || sent_.size() >= max_messages_) return false;
  return sent_.empty() || sent_bytes_ + waiting_.front().bytes <= max_bytes_;
}

Transaction& TransactionQueue::send_next() {
  waiting_bytes_ -= waiting_.front().bytes;
  sent_bytes_ += waiting_.front().bytes;
  sent_.push_back(std::move(waiting_.front()));
  waiting_.pop_front();
  return sent_.back();
}

Transaction TransactionQueue::take_sent() {
  Transaction taken = std::move(sent_.front());
  sent_.pop_front();
  sent_bytes_ -= taken.bytes;
  return taken;
}

Transaction TransactionQueue::take_waiting() {
  Transaction taken = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= taken.bytes;
  return taken;
}

}  // namespace nsq::client
