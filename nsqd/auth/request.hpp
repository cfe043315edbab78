#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/net/http_client.hpp"
#include "nsqd/auth/credentials.hpp"

namespace nsqd {

/// An auth server as an address of --auth-http-address names it.
struct AuthServer {
  bool https = false;
  std::string host;  ///< without brackets
  std::uint16_t port = 80;
  std::string target;  ///< path and perhaps query, as given
  std::string
      authorization;  ///< the value of an Authorization header from user and password of the URL

  /// Where it is, for the log: neither user nor password nor query.
  std::string name() const;
};

/// Reads an address: with `://` it is the URL, otherwise `http://<address>/auth` is.
/// @return Errc::bad_address, with a text that does not repeat user and password.
nsq::Result<AuthServer> parse_auth_server(std::string_view address);

/// Where the server is to be asked again, by the body of its 403: the same over https, on the port
/// that it names; nothing if it names none. Source: spec/nsqd.md 3.1.
std::optional<AuthServer> https_instead(const AuthServer& server, std::string_view body);

/// The request that asks `server` about a client; `method` is "get" or "post". Timeouts and limits
/// are left at their defaults. Its target holds the secret, so it must not be logged.
/// Source: spec/nsqd.md 3.1.
nsq::net::HttpRequestSpec make_auth_request(const AuthServer& server, const Credentials& client,
                                            std::string_view method);

}  // namespace nsqd
