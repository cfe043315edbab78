#pragma once

#include <memory>
#include <vector>

#include "common/base/log.hpp"
#include "common/net/listener.hpp"
#include "nsqd/session/session.hpp"

namespace nsqd {

/// Accepts the connections of the TCP protocol and hands them to the I/O threads in turn. Lives on
/// the listener's thread; the sessions live on theirs, in their thread's task group.
class TcpServer {
 public:
  /// @param contexts  one an I/O thread, outliving the sessions.
  TcpServer(std::vector<std::unique_ptr<SessionContext>>& contexts, nsq::Logger log)
      : contexts_(contexts), log_(std::move(log)) {}

  /// Accepts until the listener is closed. @return why, when it is not because of that.
  boost::asio::awaitable<nsq::Result<void>> run(nsq::net::Listener& listener);

 private:
  void serve(nsq::net::AcceptedSocket socket);

  std::vector<std::unique_ptr<SessionContext>>& contexts_;
  const nsq::Logger log_;
  std::size_t next_ = 0;
};

}  // namespace nsqd
