#pragma once

#include <string>

#include <boost/system/error_code.hpp>

#include "common/net/byte_stream.hpp"

struct ssl_st;

namespace nsq::net {

/// Why the last operation on `ssl` failed, from OpenSSL's error queue, in the words that upstream's
/// clients and logs know: `tls: client didn't provide a certificate`, `remote error: tls: bad
/// certificate`, `tls: failed to verify certificate: x509: certificate signed by unknown
/// authority`; `tls: <OpenSSL's reason>` where there are none.
std::string tls_error_text(ssl_st* ssl);

/// The alert with which the peer ended the connection, from OpenSSL's error queue; its message is
/// tls_error_text's. No error if the last operation failed for another reason.
boost::system::error_code tls_alert();

/// The category of those.
const boost::system::error_category& tls_alert_category() noexcept;

/// What an established connection agreed on, and who the peer is. Source: spec/nsqd.md 4.4.
TlsPeer describe_peer(ssl_st* ssl);

}  // namespace nsq::net
