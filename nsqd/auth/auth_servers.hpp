#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/net/tls_context.hpp"
#include "nsqd/auth/grant.hpp"
#include "nsqd/auth/request.hpp"
#include "nsqd/options/options.hpp"

namespace nsqd {

/// The external auth servers. Constant, so any number of connections may ask at once, each on its
/// own thread; nothing is shared between them, so none waits for another's server.
class AuthServers {
 public:
  struct Settings {
    std::vector<AuthServer> servers;
    std::string method = "get";
    nsq::net::TlsContext::Ptr tls =
        nullptr;  ///< for those that are asked over https; null: not possible
    nsq::Nanoseconds connect_timeout = nsq::Seconds(2);
    nsq::Nanoseconds request_timeout = nsq::Seconds(5);
  };

  AuthServers(Settings settings, nsq::Logger log);

  bool empty() const noexcept { return settings_.servers.empty(); }

  /// Asks one of the servers, beginning at a random one, and the others in their order until one
  /// answers as it should. Takes at most the two timeouts for each.
  /// @return Errc::rejected when none did; why is in the log, without the secret.
  boost::asio::awaitable<nsq::Result<Grant>> ask(Credentials client) const;

 private:
  boost::asio::awaitable<nsq::Result<nsq::net::HttpReply>> fetch(const AuthServer& server,
                                                                 const Credentials& client) const;
  boost::asio::awaitable<nsq::Result<Grant>> ask_one(const AuthServer& server,
                                                     const Credentials& client) const;

  const Settings settings_;
  const nsq::Logger log_;
};

/// @return Errc::bad_address, naming the option; Errc::bad_config when the authorities of https
///         servers cannot be read.
nsq::Result<AuthServers::Settings> auth_server_settings(const Options& options);

}  // namespace nsqd
