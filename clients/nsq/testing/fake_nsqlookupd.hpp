#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "clients/nsq/address.hpp"
#include "clients/nsq/lookupd_url.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"

namespace nsq::client::testing {

/// One HTTP request to a FakeNsqlookupd. The connection closes when this is destroyed.
class FakeQuery {
 public:
  FakeQuery(std::unique_ptr<net::ByteStream> stream, std::string head)
      : stream_(std::move(stream)), head_(std::move(head)) {}

  /// Request line and headers, as they came.
  const std::string& head() const noexcept { return head_; }
  /// `/lookup?topic=t`
  std::string target() const;

  boost::asio::awaitable<void> reply(int status, std::string body);
  /// The answer of a /lookup or /nodes: these nsqds; with an index if the fake offers to wait.
  boost::asio::awaitable<void> reply_nsqds(std::vector<Address> nsqds,
                                           std::optional<std::uint64_t> index = std::nullopt);
  boost::asio::awaitable<void> send_raw(std::string bytes);
  /// Waits until the client closes; what it sends until then is ignored.
  boost::asio::awaitable<void> until_closed();

 private:
  std::unique_ptr<net::ByteStream> stream_;
  std::string head_;
};

/// An nsqlookupd's HTTP port that a test scripts: it says, and leaves unsaid, what the test wants.
/// Lives on one executor.
class FakeNsqlookupd {
 public:
  /// Listens on a free port of 127.0.0.1; throws when there is none.
  /// @param tls  of a server: it is asked over https then.
  explicit FakeNsqlookupd(const boost::asio::any_io_executor& executor,
                          net::TlsContext::Ptr tls = nullptr);

  LookupdUrl url() const;
  /// The next request, those that came before the call first. ScriptError when there is none to
  /// come, or with the reason why the TLS handshake failed.
  boost::asio::awaitable<std::unique_ptr<FakeQuery>> accept();
  /// Stops to listen: later requests are refused.
  void stop();

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  net::TlsContext::Ptr tls_;
};

}  // namespace nsq::client::testing
