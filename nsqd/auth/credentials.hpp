#pragma once

#include <string>

namespace nsqd {

/// What TLS found out about the client of a connection. Without TLS: the initial values.
struct PeerCertificate {
  bool tls = false;
  std::string common_name;  ///< subject CN of the certificate that it presented; may be empty
  bool verified = false;    ///< whether that certificate was checked against an authority
};

/// What a client proves itself with.
struct Credentials {
  std::string secret;     ///< of AUTH or `Authorization: Bearer`; never to be logged
  std::string remote_ip;  ///< without port; empty for a unix socket
  PeerCertificate peer;
};

}  // namespace nsqd
