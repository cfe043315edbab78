#include "clients/nsq/lookupd_url.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "clients/nsq/address.hpp"
#include "common/base/log.hpp"
#include "common/net/percent_encode.hpp"

namespace nsq::client {

namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(Errc::bad_address, fmt::format("nsqlookupd address {}: {}", printable(text), why));
}

}  // namespace

Result<LookupdUrl> LookupdUrl::parse(std::string_view text) {
  std::string_view rest = text;
  bool https = false;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = rest.substr(0, scheme);
    https = name == "https";
    if (!https && name != "http") return bad(text, "not an http or https address");
    rest.remove_prefix(scheme + 3);
  }
  // A space or a line end would begin the next part of the request.
  const auto breaks = [](char c) { return c <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(rest, breaks)) return bad(text, "invalid character");
  rest = rest.substr(0, rest.find('#'));
  const auto path_at = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view where = rest.substr(0, path_at);
  if (where.contains('@')) return bad(text, "a user is not supported");
  auto address = Address::parse(where);
  if (!address) {
    const std::string_view context = address.error().context;
    const std::string_view why = context.substr(context.rfind(": ") + 2);
    if (why.starts_with("missing port")) return fail(Errc::bad_address, "missing port");
    return bad(text, why);
  }
  if (address->port == 0) return bad(text, "invalid port");

  LookupdUrl url{.https = https,
                 .host = std::move(address->host),
                 .port = address->port,
                 .path = {},
                 .query = {}};
  rest.remove_prefix(path_at);
  const auto query_at = std::min(rest.find('?'), rest.size());
  url.path = rest.substr(0, query_at);
  if (url.path.empty() || url.path == "/") url.path = "/lookup";
  if (query_at < rest.size()) url.query = rest.substr(query_at + 1);
  return url;
}

std::string LookupdUrl::lookup_target(const wire::TopicName& topic) const {
  const std::string_view joint = query.empty() ? "" : "&";
  return fmt::format("{}?{}{}topic={}", path, query, joint, net::percent_encode(topic.view()));
}

std::string LookupdUrl::nodes_target() const {
  const std::string_view folder = std::string_view(path).substr(0, path.rfind('/'));
  return fmt::format("{}/nodes{}{}", folder, query.empty() ? "" : "?", query);
}

std::string LookupdUrl::text() const {
  const Address address{.host = host, .port = port};
  return fmt::format("{}://{}{}{}{}", https ? "https" : "http", address.text(), path,
                     query.empty() ? "" : "?", query);
}

}  // namespace nsq::client
