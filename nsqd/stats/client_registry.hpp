#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/intrusive/list_hook.hpp>

#include "common/base/clock.hpp"
#include "common/base/mutex.hpp"

namespace nsqd {

/// What a client said of itself in IDENTIFY, and what was agreed on there.
struct ClientIdentity {
  std::string client_id;
  std::string hostname;
  std::string user_agent;
  int sample_rate = 0;
  bool deflate = false;
  bool snappy = false;
  bool tls = false;
  std::string tls_version;       ///< "TLS1.2"; empty without TLS, as the next one
  std::string tls_cipher_suite;  ///< by its IANA name
  std::string tls_negotiated_protocol;
  bool tls_negotiated_protocol_is_mutual = false;
  std::string topology_zone;
  std::string topology_region;
};

/// A topic and how many messages a connection has published to it.
struct PubCount {
  std::string topic;
  std::uint64_t count = 0;
};

/// One connection at one moment.
struct ClientSnapshot {
  std::uint64_t connection = 0;  ///< joins with ConsumerStats::connection
  std::string remote_address;    ///< `ip:port`, `[v6]:port`, `@`
  nsq::WallTime connected_at{};
  int state = 0;  ///< 0 new, 3 subscribed, 4 closing
  ClientIdentity identity;
  bool authed = false;        ///< it said AUTH, and was granted something
  std::string auth_identity;  ///< empty: none was given; so the next one
  std::string auth_identity_url;
  std::vector<PubCount> pub_counts;  ///< by topic; empty unless it has published
};

namespace detail {
/// The records of all connections. Shared by the registry and its records, so that either may go
/// first.
struct ClientList;
}  // namespace detail

/// What the statistics show of one connection. Owned by the connection, and for a moment by a
/// snapshot in progress; when the last owner drops it, it leaves the registry by itself.
///
/// Thread-safe: the connection's thread writes, snapshots read from any.
class ClientRecord : public boost::intrusive::list_base_hook<>,
                     public std::enable_shared_from_this<ClientRecord> {
 public:
  /// Use ClientRegistry::add.
  ClientRecord(std::shared_ptr<detail::ClientList> list, std::uint64_t connection,
               std::string remote_address, nsq::WallTime now);
  ~ClientRecord();
  ClientRecord(const ClientRecord&) = delete;
  ClientRecord& operator=(const ClientRecord&) = delete;

  /// The connection's number, unique in the process, from 1.
  std::uint64_t connection() const noexcept { return connection_; }
  const std::string& remote_address() const noexcept { return remote_address_; }

  void set_identity(ClientIdentity identity) NSQ_EXCLUDES(mutex_);

  /// The client is whom an authority says it is.
  void set_auth(std::string identity, std::string url) NSQ_EXCLUDES(mutex_);

  /// @param state  0 new, 3 subscribed, 4 closing (spec/nsqd.md 1.5).
  void set_state(int state) noexcept { state_.store(state, std::memory_order_relaxed); }

  /// Counts `messages` accepted from the client. Once a batch; cheapest for the same topic again.
  void count_publish(std::string_view topic, std::uint64_t messages) NSQ_EXCLUDES(mutex_);

  ClientSnapshot snapshot() const NSQ_EXCLUDES(mutex_);

 private:
  using PubCounts = std::map<std::string, std::uint64_t, std::less<>>;

  const std::shared_ptr<detail::ClientList> list_;
  const std::uint64_t connection_;
  const std::string remote_address_;
  const nsq::WallTime connected_at_;
  std::atomic<int> state_{0};  // relaxed: shown, nothing depends on it

  mutable nsq::Mutex mutex_;
  ClientIdentity identity_ NSQ_GUARDED_BY(mutex_);
  bool authed_ NSQ_GUARDED_BY(mutex_) = false;
  std::string auth_identity_ NSQ_GUARDED_BY(mutex_);
  std::string auth_identity_url_ NSQ_GUARDED_BY(mutex_);
  PubCounts pub_counts_ NSQ_GUARDED_BY(mutex_);
  PubCounts::value_type* last_published_ NSQ_GUARDED_BY(mutex_) = nullptr;  // into pub_counts_
};

/// The TCP connections of the process. Thread-safe.
class ClientRegistry {
 public:
  ClientRegistry();

  /// Enters a connection. Until set_identity, its client_id and hostname are the peer's IP address
  /// (empty for a unix socket).
  /// @param remote_address  `ip:port`, `[v6]:port`, or `@` for a unix socket.
  std::shared_ptr<ClientRecord> add(std::string remote_address, nsq::WallTime now);

  /// All connections, in the order in which they came.
  std::vector<ClientSnapshot> snapshot() const;

  struct Totals {
    std::uint64_t open = 0;
    std::uint64_t accepted = 0;  ///< since the start, those included
  };
  Totals totals() const;

  std::size_t count() const { return totals().open; }

 private:
  const std::shared_ptr<detail::ClientList> list_;
};

}  // namespace nsqd
