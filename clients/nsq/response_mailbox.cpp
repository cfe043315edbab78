#include "clients/nsq/response_mailbox.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace nsq::client {

ResponseMailbox::ResponseMailbox(boost::asio::any_io_executor executor, Deliver deliver)
    : executor_(std::move(executor)), deliver_(std::move(deliver)) {}

void ResponseMailbox::respond(const detail::Response& response) {
  {
    const MutexLock lock(mu_);
    if (closed_) return;
    waiting_.push_back(response);
  }
  schedule();
}

void ResponseMailbox::poke() {
  schedule();
}

void ResponseMailbox::schedule() {
  // Posting under the lock keeps close(), and with it the end of the executor, away meanwhile.
  const MutexLock lock(mu_);
  if (closed_ || scheduled_) return;
  scheduled_ = true;
  boost::asio::post(executor_, [self = shared_from_this()] { self->drain(); });
}

void ResponseMailbox::drain() {
  {
    const MutexLock lock(mu_);
    scheduled_ = false;
    if (closed_) return;
    batch_.clear();
    batch_.swap(waiting_);
  }
  const Deliver deliver = deliver_;  // which may close this
  deliver(batch_);
}

void ResponseMailbox::close() {
  Deliver dropped;
  const MutexLock lock(mu_);
  closed_ = true;
  waiting_.clear();
  dropped.swap(deliver_);
}

}  // namespace nsq::client
