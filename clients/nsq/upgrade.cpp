#include "clients/nsq/upgrade.hpp"

#include <algorithm>
#include <utility>

#include "common/net/deflate_stream.hpp"
#include "common/net/snappy_stream.hpp"
#include "common/net/tls_stream.hpp"

namespace nsq::client {
namespace {

std::unexpected<Error> tls_error(const Error& error) {
  return fail(error.code, "TLS: " + error.text());
}

}  // namespace

net::TlsClientConfig tls_config(const Options& options) {
  net::TlsClientConfig config;
  config.root_ca = options.tls_root_ca_file;
  config.cert = options.tls_cert;
  config.key = options.tls_key;
  config.verify = !options.tls_insecure_skip_verify;
  // Nothing speaks SSL 3.0 any more, so asking for at least that is asking for at least TLS 1.0.
  const int above_ssl3 = std::max(0, static_cast<int>(options.tls_min_version) - 1);
  config.min_version = net::kTls1_0 + above_ssl3;
  return config;
}

boost::asio::awaitable<Result<void>> start_tls(std::unique_ptr<net::ByteStream>& stream,
                                               std::string received, const Options& options,
                                               std::string host) {
  auto context = net::TlsContext::client(tls_config(options));
  if (!context) co_return tls_error(context.error());
  if (!options.tls_server_name.empty()) host = options.tls_server_name;
  auto made =
      net::TlsStream::make(std::move(stream), std::move(*context), std::move(received), host);
  net::TlsStream& tls = *made;
  stream = std::move(made);
  const auto done = co_await tls.handshake(options.handshake_timeout);
  if (!done) co_return tls_error(done.error());
  co_return Result<void>();
}

void start_compression(std::unique_ptr<net::ByteStream>& stream, std::string received,
                       const wire::IdentifyResponse& granted) {
  if (granted.snappy) {
    stream = net::make_snappy_stream(std::move(stream), std::move(received));
  } else {
    const auto level = static_cast<int>(std::clamp<std::int64_t>(granted.deflate_level, 1, 9));
    stream = net::make_deflate_stream(std::move(stream), std::move(received), level);
  }
}

}  // namespace nsq::client
