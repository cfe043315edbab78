#include "nsqd/auth/request.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "common/net/address.hpp"
#include "common/net/percent_encode.hpp"
#include "common/wire/json_text.hpp"

namespace nsqd {
namespace {

using nsq::Errc;

constexpr std::string_view kApiVersion = "application/vnd.nsq; version=1.0";

/// As an HTML form is encoded: a space is `+`.
std::string form_encode(std::string_view text) {
  return boost::algorithm::replace_all_copy(nsq::net::percent_encode(text), "%20", "+");
}

std::string basic_authorization(std::string_view user_and_password) {
  const auto size = static_cast<int>(user_and_password.size());
  std::string encoded(4 * ((user_and_password.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(user_and_password.data()), size);
  encoded.resize(static_cast<std::size_t>(length));
  return "Basic " + encoded;
}

/// Parameters in the order of their names.
using Params = std::array<std::pair<std::string_view, std::string_view>, 4>;

std::string as_query(const Params& params) {
  std::string query;
  for (const auto& [key, value] : params) {
    query += query.empty() ? '?' : '&';
    query.append(key).append("=").append(form_encode(value));
  }
  return query;
}

/// Each value is an array of one text.
std::string as_json(const Params& params) {
  std::string text = "{";
  for (const auto& [key, value] : params) {
    if (text.size() > 1) text += ',';
    nsq::wire::append_json_string(text, key);
    text += ":[";
    nsq::wire::append_json_string(text, value);
    text += ']';
  }
  return text + '}';
}

nsq::Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size() && port != 0) return port;
  return nsq::fail(Errc::bad_address, "the port is not a number in [1,65535]");
}

/// Fills in host and port from `host`, `host:port`, `[v6]` or `[v6]:port`.
nsq::Result<void> read_authority(std::string_view text, AuthServer& server) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != text.npos && text.find(']', colon) == text.npos;
  if (has_port) {
    const auto parts = nsq::net::split_host_port(text);
    if (!parts) return std::unexpected(parts.error());
    const auto port = parse_port(parts->port);
    if (!port) return std::unexpected(port.error());
    server.host = parts->host;
    server.port = *port;
  } else {
    server.host = text;
    if (text.starts_with('[') && text.ends_with(']')) {
      server.host = text.substr(1, text.size() - 2);
    }
  }
  if (server.host.empty()) return nsq::fail(Errc::bad_address, "there is no host");
  return {};
}

}  // namespace

std::string AuthServer::name() const {
  return fmt::format("{}://{}{}", https ? "https" : "http", nsq::net::join_host_port(host, port),
                     target.substr(0, target.find('?')));
}

nsq::Result<AuthServer> parse_auth_server(std::string_view address) {
  AuthServer server;
  const auto scheme_end = address.find("://");
  const bool is_url = scheme_end != address.npos;
  if (is_url) {
    const auto scheme = address.substr(0, scheme_end);
    if (scheme != "http" && scheme != "https") {
      return nsq::fail(Errc::bad_address,
                       fmt::format("{} is not supported, http and https are", scheme));
    }
    server.https = scheme == "https";
    if (server.https) server.port = 443;
    address.remove_prefix(scheme_end + 3);
  }
  const auto path = std::min(address.find_first_of("/?#"), address.size());
  std::string_view authority = address.substr(0, path);
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    server.authorization = basic_authorization(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (auto read = read_authority(authority, server); !read) return std::unexpected(read.error());
  if (!is_url) {
    server.target = std::string(address.substr(path)) + "/auth";
  } else {
    server.target = address.substr(path, address.find('#', path) - path);
    if (!server.target.starts_with('/')) server.target.insert(0, 1, '/');
  }
  return server;
}

std::optional<AuthServer> https_instead(const AuthServer& server, std::string_view body) {
  if (server.https) return std::nullopt;
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto port = document.find("https_port");
  if (port == document.end() || !port->is_number_unsigned()) return std::nullopt;
  const auto number = port->get<std::uint64_t>();
  if (number == 0 || number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  AuthServer other = server;
  other.https = true;
  other.port = static_cast<std::uint16_t>(number);
  return other;
}

nsq::net::HttpRequestSpec make_auth_request(const AuthServer& server, const Credentials& client,
                                            std::string_view method) {
  const Params params{{{"common_name", client.peer.common_name},
                       {"remote_ip", client.remote_ip},
                       {"secret", client.secret},
                       {"tls", client.peer.tls ? "true" : "false"}}};
  nsq::net::HttpRequestSpec request;
  request.host = server.host;
  request.port = server.port;
  request.target = server.target;
  request.headers = {{"Accept", std::string(kApiVersion)}};
  if (!server.authorization.empty()) {
    request.headers.emplace_back("Authorization", server.authorization);
  }
  if (method == "post") {
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = as_json(params);
  } else {
    // Also behind a query that is there already: spec/nsqd.md 3.1.
    request.target += as_query(params);
  }
  return request;
}

}  // namespace nsqd
