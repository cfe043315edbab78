#include "nsqd/stats/client_registry.hpp"

#include <boost/intrusive/list.hpp>

namespace nsqd {
namespace {

using nsq::MutexLock;

/// The IP of `ip:port` or `[v6]:port`; empty for anything else, such as a unix socket's `@`.
std::string_view ip_of(std::string_view remote_address) {
  const auto colon = remote_address.rfind(':');
  if (colon == remote_address.npos) return {};
  std::string_view ip = remote_address.substr(0, colon);
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  return ip;
}

}  // namespace

struct detail::ClientList {
  nsq::Mutex mutex;  // a leaf lock, as each record's own: nobody holds one while taking another
  std::uint64_t last_number NSQ_GUARDED_BY(mutex) = 0;
  boost::intrusive::list<ClientRecord> records NSQ_GUARDED_BY(mutex);
};

ClientRecord::ClientRecord(std::shared_ptr<detail::ClientList> list, std::uint64_t connection,
                           std::string remote_address, nsq::WallTime now)
    : list_(std::move(list)),
      connection_(connection),
      remote_address_(std::move(remote_address)),
      connected_at_(now) {
  identity_.client_id = ip_of(remote_address_);
  identity_.hostname = identity_.client_id;
}

ClientRecord::~ClientRecord() {
  const MutexLock lock(list_->mutex);
  list_->records.erase(list_->records.iterator_to(*this));
}

void ClientRecord::set_identity(ClientIdentity identity) {
  const MutexLock lock(mutex_);
  identity_ = std::move(identity);
}

void ClientRecord::set_auth(std::string identity, std::string url) {
  const MutexLock lock(mutex_);
  authed_ = true;
  auth_identity_ = std::move(identity);
  auth_identity_url_ = std::move(url);
}

void ClientRecord::count_publish(std::string_view topic, std::uint64_t messages) {
  const MutexLock lock(mutex_);
  if (!last_published_ || last_published_->first != topic) {
    auto found = pub_counts_.find(topic);
    if (found == pub_counts_.end()) found = pub_counts_.emplace(topic, 0).first;
    last_published_ = &*found;
  }
  last_published_->second += messages;
}

ClientSnapshot ClientRecord::snapshot() const {
  ClientSnapshot snapshot{.connection = connection_,
                          .remote_address = remote_address_,
                          .connected_at = connected_at_,
                          .state = state_.load(std::memory_order_relaxed),
                          .identity = {},
                          .authed = false,
                          .auth_identity = {},
                          .auth_identity_url = {},
                          .pub_counts = {}};
  const MutexLock lock(mutex_);
  snapshot.identity = identity_;
  snapshot.authed = authed_;
  snapshot.auth_identity = auth_identity_;
  snapshot.auth_identity_url = auth_identity_url_;
  snapshot.pub_counts.reserve(pub_counts_.size());
  for (const auto& [topic, count] : pub_counts_) snapshot.pub_counts.push_back({topic, count});
  return snapshot;
}

ClientRegistry::ClientRegistry() : list_(std::make_shared<detail::ClientList>()) {}

std::shared_ptr<ClientRecord> ClientRegistry::add(std::string remote_address, nsq::WallTime now) {
  std::uint64_t number = 0;
  {
    const MutexLock lock(list_->mutex);
    number = ++list_->last_number;
  }
  auto record = std::make_shared<ClientRecord>(list_, number, std::move(remote_address), now);
  const MutexLock lock(list_->mutex);
  list_->records.push_back(*record);
  return record;
}

std::vector<ClientSnapshot> ClientRegistry::snapshot() const {
  std::vector<std::shared_ptr<ClientRecord>> records;
  {
    const MutexLock lock(list_->mutex);
    records.reserve(list_->records.size());
    for (ClientRecord& record : list_->records) {
      if (auto alive = record.weak_from_this().lock()) records.push_back(std::move(alive));
    }
  }
  std::vector<ClientSnapshot> snapshots;
  snapshots.reserve(records.size());
  for (const auto& record : records) snapshots.push_back(record->snapshot());
  return snapshots;
}

ClientRegistry::Totals ClientRegistry::totals() const {
  const MutexLock lock(list_->mutex);
  return {.open = list_->records.size(), .accepted = list_->last_number};
}

}  // namespace nsqd
