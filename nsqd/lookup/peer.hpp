#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/task_group.hpp"
#include "nsqd/lookup/command_queue.hpp"
#include "nsqd/lookup/connection.hpp"
#include "nsqd/lookup/settings.hpp"

namespace nsqd {

/// One configured nsqlookupd: keeps a connection to it, tells it everything when there is a new
/// one, then what changes, and pings. When the connection ends, however that may be, it makes
/// another after a while.
///
/// Lives on the executor's thread, where everything is called. Shared, because its coroutine keeps
/// it until that has ended.
class LookupPeer : public std::enable_shared_from_this<LookupPeer> {
 public:
  /// What peers share. All of it outlives them.
  struct Context {
    const LookupSettings& settings;
    const Broker& broker;
    nsq::Logger log;
    /// Called when info() has changed.
    std::function<void()> on_info;
  };

  /// @param address  `host:port` of its TCP port.
  LookupPeer(boost::asio::any_io_executor executor, std::string address, const Context& context);

  /// Begins. Call once.
  void start();

  /// Ends the connection, and tries no more.
  void cancel();
  /// Waits until nothing of it runs.
  boost::asio::awaitable<void> wait();

  /// Tells it of a change.
  void tell(const LookupCommands& commands);
  /// It must be told everything, over a new connection.
  void tell_anew();

  const std::string& address() const noexcept { return address_; }

  /// What it told of itself last. Remembered when the connection is lost: its HTTP API may answer
  /// all the same.
  const std::optional<LookupdInfo>& info() const noexcept { return info_; }

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<nsq::Result<void>> converse();
  boost::asio::awaitable<nsq::Result<void>> identify(LookupdConnection& connection);
  boost::asio::awaitable<nsq::Result<void>> keep_informed(LookupdConnection& connection);
  boost::asio::awaitable<nsq::Result<void>> exchange(LookupdConnection& connection,
                                                     LookupCommands commands);
  void take_info(LookupdInfo info);

  const std::string address_;
  const std::string shown_;  // the address as it may stand in the log
  const Context& context_;
  nsq::net::TaskGroup tasks_;
  boost::asio::steady_timer wake_;  // ends the wait for something to tell
  CommandQueue queue_;
  std::optional<LookupdInfo> info_;
  bool proven_ = false;  // the present connection has lasted to an answered ping
};

}  // namespace nsqd
