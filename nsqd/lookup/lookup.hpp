#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "common/base/log.hpp"
#include "nsqd/lookup/changes.hpp"
#include "nsqd/lookup/channel_preparer.hpp"
#include "nsqd/lookup/peer.hpp"
#include "nsqd/lookup/settings.hpp"

namespace nsqd {

/// nsqd's side of discovery: keeps every configured nsqlookupd informed of the topics and channels
/// there are, and gives new topics the channels that they know. Whoever publishes or subscribes
/// never waits for that.
///
/// Lives on the executor's thread; the members under "any thread" may be called from all. Those
/// post, so the context must not run any more when it is destroyed.
class Lookup {
 public:
  /// @param addresses  tells, on any thread, the configured addresses. It and the broker outlive
  /// this.
  Lookup(boost::asio::any_io_executor executor, LookupSettings settings, Broker& broker,
         std::function<std::vector<std::string>()> addresses, nsq::Logger log);

  /// Begins to connect. The broker has what it had from before.
  void start();

  /// Closes all connections; the nsqlookupds notice by themselves. Nothing is told afterwards, so
  /// that what ends because the daemon does is not unregistered.
  void close();
  /// Waits, after close(), until nothing runs any more.
  boost::asio::awaitable<void> wait();

  // --- any thread; what BrokerObserver is told, and without waiting for anything ---

  /// As BrokerObserver::prepares_channels().
  bool prepares_channels() const noexcept { return knows_http_.load(std::memory_order_relaxed); }
  void topic_created(const Topic& topic);
  void topic_deleted(const Topic& topic);
  void channel_created(const Topic& topic, const Channel& channel);
  void channel_deleted(const Topic& topic, const Channel& channel);

  /// The configured addresses are others now: those that are gone are left, new ones connected to.
  void addresses_changed();

 private:
  bool configured() const noexcept { return configured_.load(std::memory_order_relaxed); }
  void add(Change change);
  void take_changes();
  void start_over();
  void prepare(const std::string& topic);
  void configure();
  std::vector<LookupdHttp> http_addresses() const;

  const boost::asio::any_io_executor executor_;
  const LookupSettings settings_;
  Broker& broker_;
  const std::function<std::vector<std::string>()> addresses_;
  const nsq::Logger log_;
  const LookupPeer::Context context_;
  ChannelPreparer preparer_;
  ChangeInbox inbox_;
  std::vector<std::shared_ptr<LookupPeer>> peers_;
  bool stopped_ = false;

  // Relaxed: a thread that sees the old value changed the broker before a new connection looks at
  // it to learn what to tell.
  std::atomic<bool> configured_{false};
  // Relaxed: an old value means a topic without a lookup, or one that finds nobody to ask.
  std::atomic<bool> knows_http_{false};
};

}  // namespace nsqd
