// For those who watch: /metrics and /health.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/metrics/prometheus_text.hpp"
#include "common/net/http_arguments.hpp"
#include "common/net/run_on.hpp"
#include "nsqd/http/routes.hpp"
#include "nsqd/stats/snapshot.hpp"
#include "nsqd/storage/store.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// Where the age of a channel's oldest message is not known, because memory has none, the log is
/// asked. The next scrape shows it.
void look_for_oldest(const Broker& broker, const std::vector<TopicStats>& topics) {
  Effects effects;
  for (const TopicStats& topic : topics) {
    const bool known = std::ranges::all_of(topic.channels, [](const ChannelStats& channel) {
      return channel.oldest || channel.backend_depth == 0;
    });
    const auto found = known ? nullptr : broker.find_topic(topic.name);
    if (!found) continue;
    for (const auto& channel : found->channels()) channel->peek(effects);
  }
  effects.run();
}

HttpResponse metrics(const ApiContext& context) {
  const StatsFilter filter{.include_clients = context.instruments.per_client};
  const auto snapshot = take_stats(context.stats_source(), filter, nsq::read_clock().wall);
  look_for_oldest(context.broker, *snapshot.topics);
  HttpResponse response = text_response(to_prometheus(snapshot, context.instruments));
  response.content_type = nsq::metrics::PrometheusText::kContentType;
  response.skip_api_header = true;
  return response;
}

/// `{"status":"ok"}`, or 503 with each reason.
HttpResponse health(const std::vector<std::string>& reasons) {
  nlohmann::ordered_json document;
  document["status"] = reasons.empty() ? "ok" : "unavailable";
  if (!reasons.empty()) document["reasons"] = reasons;
  HttpResponse response =
      json_response(document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                    reasons.empty() ? 200 : 503);
  response.skip_api_header = true;
  return response;
}

HttpResponse ready(const ApiContext& context) {
  std::vector<std::string> reasons;
  const Store* store = context.instruments.store;
  const auto writable = store ? store->writable() : nsq::Result<void>();
  if (!writable) {
    reasons.push_back("publishes are refused: " + writable.error().text());
  } else if (!context.health.ok()) {
    reasons.push_back("the last write to the disk failed: " + context.health.text());
  }
  return health(reasons);
}

}  // namespace

void add_monitoring_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::get,
                .pattern = pattern,
                .handler = std::move(handler),
                .access_log = false});
  };
  add("/metrics", HttpAsyncHandler([context](HttpRequest&) {
        return run_on(context->background, [&] { return metrics(*context); });
      }));
  add("/health/live", HttpHandler([](HttpRequest&) { return health({}); }));
  add("/health/ready", HttpHandler([context](HttpRequest&) { return ready(*context); }));
}

}  // namespace nsqd
