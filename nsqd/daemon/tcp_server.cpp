#include "nsqd/daemon/tcp_server.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "common/net/byte_stream.hpp"

namespace nsqd {

boost::asio::awaitable<nsq::Result<void>> TcpServer::run(nsq::net::Listener& listener) {
  co_return co_await listener.accept_loop(
      [this](nsq::net::AcceptedSocket socket) { serve(std::move(socket)); });
}

void TcpServer::serve(nsq::net::AcceptedSocket socket) {
  log_.info("TCP: new client({})", socket.remote());
  SessionContext& context = *contexts_[next_++ % contexts_.size()];
  auto& io = context.io;
  boost::asio::post(io.context(), [&context, socket = std::move(socket)]() mutable {
    std::string remote = socket.remote();
    auto attached = socket.attach(context.io.context().get_executor());
    if (!attached) {
      context.log.error("client({}) - {}", remote, attached.error().text());
      return;
    }
    auto session = std::make_shared<Session>(
        context, nsq::net::make_plain_stream(std::move(*attached)), std::move(remote));
    context.io.tasks().spawn("session", session->run());
  });
}

}  // namespace nsqd
