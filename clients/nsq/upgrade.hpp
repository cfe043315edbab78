#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "clients/nsq/options.hpp"
#include "common/base/result.hpp"
#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"
#include "common/wire/identify.hpp"

namespace nsq::client {

/// What the options say of TLS.
net::TlsClientConfig tls_config(const Options& options);

/// Puts TLS on `stream`, which must outlive the returned awaitable, as `options` must: certificates
/// are read for each connection, so that one that was replaced is used from the next connection on.
/// @param received  what the server sent already.
/// @param host  the name in the server's certificate, unless tls_server_name is set.
/// The error's context begins with `TLS: `.
boost::asio::awaitable<Result<void>> start_tls(std::unique_ptr<net::ByteStream>& stream,
                                               std::string received, const Options& options,
                                               std::string host);

/// Puts the compression that was granted on `stream`.
void start_compression(std::unique_ptr<net::ByteStream>& stream, std::string received,
                       const wire::IdentifyResponse& granted);

}  // namespace nsq::client
