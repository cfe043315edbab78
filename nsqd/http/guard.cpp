#include "nsqd/http/guard.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/address.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// What a route asks of who calls it.
enum class Access {
  open,     ///< nothing: health checks have no secret
  known,    ///< to be in the auth file; the handler shows what they may see
  publish,  ///< to publish to the topic
  topic,    ///< to manage the topic
  channel,  ///< to manage the channel
  monitor,  ///< to see everything
  admin,    ///< to do everything
};

struct Rule {
  std::string_view pattern;  ///< of the route
  Access access;
};

constexpr auto kRules = std::to_array<Rule>({
    {"/ping", Access::open},
    {"/health/live", Access::open},
    {"/health/ready", Access::open},
    {"/info", Access::known},
    {"/stats", Access::known},
    {"/metrics", Access::monitor},
    {"/pub", Access::publish},
    {"/mpub", Access::publish},
    {"/topic/create", Access::topic},
    {"/topic/delete", Access::topic},
    {"/topic/empty", Access::topic},
    {"/topic/pause", Access::topic},
    {"/topic/unpause", Access::topic},
    {"/topic/config", Access::topic},
    {"/channel/create", Access::channel},
    {"/channel/delete", Access::channel},
    {"/channel/empty", Access::channel},
    {"/channel/pause", Access::channel},
    {"/channel/unpause", Access::channel},
});

/// A path without a route, whatever its method, is answered to whoever is known.
Access access_of(const HttpMatch& match) {
  if (match.kind != HttpMatch::Kind::route) return Access::known;
  const auto rule = std::ranges::find(kRules, match.route->pattern, &Rule::pattern);
  return rule == kRules.end() ? Access::admin : rule->access;
}

bool may(const Identity& identity, Access access, const HttpRequest& request) {
  const std::string_view topic = request.query.find("topic").value_or("");
  switch (access) {
    case Access::open:
    case Access::known:
      return true;
    case Access::publish:
      return identity.may_publish(topic);
    case Access::topic:
      return identity.may_manage(topic);
    case Access::channel:
      return identity.may_manage(topic, request.query.find("channel").value_or(""));
    case Access::monitor:
      return identity.may_monitor();
    case Access::admin:
      return identity.may_administrate();
  }
  return false;
}

/// The token of `Authorization: Bearer <token>`; empty without one. The scheme's case is free.
std::string_view bearer_token(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = request.headers.find("Authorization").value_or("");
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  if (!std::ranges::equal(value.substr(0, kScheme.size()), kScheme, same)) return {};
  const auto begin = value.find_first_not_of(' ', kScheme.size());
  return begin == value.npos ? std::string_view() : value.substr(begin);
}

HttpResponse unauthorized() {
  HttpResponse response = error_response(401, "UNAUTHORIZED");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"nsqd\"");
  return response;
}

}  // namespace

std::shared_ptr<const Identity> identify(const Authority& authority, const HttpRequest& request) {
  const auto file = authority.file();
  if (!file) return nullptr;
  Credentials client;
  client.secret = bearer_token(request);
  client.peer = authority.certificate(request.tls);
  return file->find(client);
}

std::function<std::optional<HttpResponse>(const HttpRequest&, const HttpMatch&)> make_api_guard(
    const Authority& authority, nsq::Logger log) {
  return [&authority, log = std::move(log)](const HttpRequest& request,
                                            const HttpMatch& match) -> std::optional<HttpResponse> {
    const Access access = access_of(match);
    if (access == Access::open) return std::nullopt;
    const auto identity = identify(authority, request);
    // The path without the query, and never a header: no secret gets into the log.
    if (!identity) {
      log.warn("HTTP: refused {} {} ({}): no known identity", nsq::printable(request.method_name),
               nsq::printable(request.path), request.remote);
      return unauthorized();
    }
    if (may(*identity, access, request)) return std::nullopt;
    log.warn("HTTP: refused {} {} ({}): {} may not do this", nsq::printable(request.method_name),
             nsq::printable(request.path), request.remote, nsq::printable(identity->entry().name));
    return error_response(403, "FORBIDDEN");
  };
}

}  // namespace nsqd
