#include "nsqd/auth/auth_servers.hpp"

#include <cstddef>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "common/base/bytes.hpp"
#include "nsqd/auth/answer.hpp"

namespace nsqd {

using boost::asio::awaitable;
using nsq::Result;

namespace {

/// A larger answer is not believed.
constexpr std::size_t kMaxAnswerBytes = 1 << 20;

/// What "no timeout" means: a connection must not wait for ever, as nothing is read meanwhile.
constexpr nsq::Nanoseconds kLongestWait = std::chrono::minutes(1);

nsq::Nanoseconds bounded(nsq::Nanoseconds timeout) {
  const bool none = timeout == nsq::Nanoseconds::zero();
  return none || timeout > kLongestWait ? kLongestWait : timeout;
}

std::size_t random_below(std::size_t bound) {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(generator);
}

}  // namespace

AuthServers::AuthServers(Settings settings, nsq::Logger log)
    : settings_(std::move(settings)), log_(std::move(log)) {}

awaitable<Result<Grant>> AuthServers::ask(Credentials client) const {
  const std::size_t count = settings_.servers.size();
  const std::size_t first = random_below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const AuthServer& server = settings_.servers[(first + i) % count];
    auto grant = co_await ask_one(server, client);
    if (grant) co_return grant;
    log_.error("AUTH: failed to query {} - {}", server.name(), grant.error().text());
  }
  co_return nsq::fail(nsq::Errc::rejected, "no auth server gave an answer");
}

awaitable<Result<nsq::net::HttpReply>> AuthServers::fetch(const AuthServer& server,
                                                          const Credentials& client) const {
  auto request = make_auth_request(server, client, settings_.method);
  request.connect_timeout = settings_.connect_timeout;
  request.request_timeout = settings_.request_timeout;
  request.max_reply_bytes = kMaxAnswerBytes;
  if (server.https) request.tls = settings_.tls;
  auto reply = co_await nsq::net::http_request(std::move(request));
  // Its text names the URL, and with it the secret.
  if (!reply) co_return nsq::fail(reply.error().code, reply.error().code.message());
  co_return reply;
}

awaitable<Result<Grant>> AuthServers::ask_one(const AuthServer& server,
                                              const Credentials& client) const {
  auto reply = co_await fetch(server, client);
  if (reply && reply->status == 403) {
    if (const auto other = https_instead(server, reply->body)) {
      reply = co_await fetch(*other, client);
    }
  }
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->status != 200) {
    co_return nsq::fail(nsq::Errc::rejected, fmt::format("got response {}", reply->status));
  }
  co_return parse_auth_answer(reply->body);
}

Result<AuthServers::Settings> auth_server_settings(const Options& options) {
  AuthServers::Settings settings;
  for (const auto& address : options.auth_http_addresses) {
    auto server = parse_auth_server(address);
    if (!server) {
      return nsq::fail(server.error().code,
                       fmt::format("invalid --auth-http-address - {}", server.error().text()));
    }
    settings.servers.push_back(std::move(*server));
  }
  if (!settings.servers.empty()) {
    nsq::net::TlsClientConfig config;
    config.root_ca = options.tls_root_ca_file;
    config.min_version = static_cast<int>(options.tls_min_version);
    auto tls = nsq::net::TlsContext::client(config);
    if (!tls) return std::unexpected(tls.error());
    settings.tls = std::move(*tls);
  }
  settings.method = options.auth_http_request_method;
  settings.connect_timeout = bounded(options.http_client_connect_timeout);
  settings.request_timeout = bounded(options.http_client_request_timeout);
  return settings;
}

}  // namespace nsqd
