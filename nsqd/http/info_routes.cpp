#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "common/config/version.hpp"
#include "common/net/http_arguments.hpp"
#include "common/net/run_on.hpp"
#include "nsqd/http/guard.hpp"
#include "nsqd/http/routes.hpp"
#include "nsqd/stats/snapshot.hpp"
#include "nsqd/stats/stats_json.hpp"
#include "nsqd/stats/stats_text.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;
using boost::asio::awaitable;

HttpResponse ping(const ApiContext& context) {
  const std::string health = context.health.text();
  HttpResponse response = text_response(health);
  if (health != "OK") response.status = 500;
  response.skip_api_header = true;
  return response;
}

HttpResponse info(const ApiContext& context) {
  const DaemonInfo& daemon = context.info;
  const Options& options = context.options;
  nlohmann::ordered_json document;
  document["version"] = nsq::config::version();
  document["broadcast_address"] = daemon.broadcast_address;
  document["hostname"] = daemon.hostname;
  document["http_port"] = daemon.http_port;
  document["tcp_port"] = daemon.tcp_port;
  document["start_time"] =
      std::chrono::floor<nsq::Seconds>(daemon.start_time).time_since_epoch().count();
  document["max_heartbeat_interval"] = options.max_heartbeat_interval.count();
  document["max_output_buffer_size"] = options.max_output_buffer_size;
  document["max_output_buffer_timeout"] = options.max_output_buffer_timeout.count();
  document["max_deflate_level"] = options.max_deflate_level;
  document["topology_zone"] = options.topology_zone;
  document["topology_region"] = options.topology_region;
  document["durability"] = to_string(options.durability);
  return json_response(
      document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// A switch that is on unless the query says `false` or `0`.
bool included(const HttpRequest& request, std::string_view name) {
  const auto value = request.query.find(name);
  return !value || (*value != "false" && *value != "0");
}

awaitable<HttpResponse> stats(const ApiContext& context, const HttpRequest& request) {
  if (auto query = check_query(request); !query) co_return std::move(query).error();
  StatsFilter filter{.topic = request.query.find("topic").value_or(""),
                     .channel = request.query.find("channel").value_or(""),
                     .include_clients = included(request, "include_clients"),
                     .include_mem = included(request, "include_mem")};
  if (context.authority && context.authority->file_generation() != 0) {
    const auto identity = identify(*context.authority, request);
    if (!identity) co_return error_response(401, "UNAUTHORIZED");
    filter.visible = [identity](std::string_view topic) { return identity->may_see(topic); };
  }
  const bool as_json = request.query.find("format") == "json";
  co_return co_await run_on(context.background, [&] {
    const auto snapshot = take_stats(context.stats_source(), filter, nsq::read_clock().wall);
    return as_json ? json_response(to_json(snapshot)) : text_response(to_text(snapshot));
  });
}

}  // namespace

void add_info_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::get, .pattern = pattern, .handler = HttpHandler(handler)});
  };
  add("/ping", [context](HttpRequest&) { return ping(*context); });
  add("/info", [context](HttpRequest&) { return info(*context); });
  router.add({.method = HttpMethod::get,
              .pattern = "/stats",
              .handler = HttpAsyncHandler(
                  [context](HttpRequest& request) { return stats(*context, request); })});
}

}  // namespace nsqd
