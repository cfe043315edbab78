// For those who watch: /metrics, /health and the log level.

#include <string>

#include <fmt/format.h>

#include "common/config/version.hpp"
#include "common/metrics/process_figures.hpp"
#include "common/metrics/prometheus_text.hpp"
#include "nsqlookupd/http/routes.hpp"

namespace nsqlookupd {
namespace {

using namespace nsq::net;
using nsq::metrics::PrometheusText;
using enum nsq::metrics::MetricType;

/// A label value a topic would cost a scan of every list of producers: /lookup has that.
HttpResponse metrics(const ApiContext& context) {
  const Registry& registry = context.registry;
  const auto now = nsq::read_clock();
  std::size_t channels = 0;
  for (const auto& [name, topic] : registry.topics()) channels += topic.channels.size();
  std::size_t active = 0;
  std::size_t registrations = 0;
  for (const auto& [number, peer] : registry.peers()) {
    active += registry.active(peer, now) ? 1 : 0;
    registrations += peer.membership_count();
  }
  PrometheusText text;
  text.family("nsqlookupd_build_info", gauge, "Always 1; the labels tell what runs.");
  text.sample(nsq::metrics::Labels{{"version", nsq::config::version()}}, 1);
  text.single("nsqlookupd_topics", gauge, "Topics known.", registry.topics().size());
  text.single("nsqlookupd_channels", gauge, "Channels known, of all topics.", channels);
  text.single("nsqlookupd_producers", gauge, "Connected nsqds.", registry.peers().size());
  text.single("nsqlookupd_active_producers", gauge, "Connected nsqds heard of within the timeout.",
              active);
  text.single("nsqlookupd_registrations", gauge,
              "Topics and channels that nsqds have registered, summed over them.", registrations);
  add_process_figures(text, nsq::metrics::read_process_figures(), context.start_time);
  HttpResponse response = text_response(text.take());
  response.content_type = PrometheusText::kContentType;
  response.skip_api_header = true;
  return response;
}

HttpResponse healthy() {
  HttpResponse response = json_response(R"({"status":"ok"})");
  response.skip_api_header = true;
  return response;
}

HttpResponse shown_level(const ApiContext& context) {
  return json_response(fmt::format("{}", static_cast<int>(context.log.level())));
}

HttpResponse change_level(const ApiContext& context, const HttpRequest& request) {
  if (request.body.empty()) return error_response(413, "INVALID_VALUE");
  const auto level = nsq::parse_log_level(request.body);
  if (!level) return error_response(400, "INVALID_VALUE");
  context.log.set_level(*level);
  return shown_level(context);
}

}  // namespace

void add_monitoring_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto watch = [&](const char* pattern, HttpHandler handler) {
    router.add({.method = HttpMethod::get,
                .pattern = pattern,
                .handler = std::move(handler),
                .access_log = false});
  };
  watch("/metrics", [context](HttpRequest&) { return metrics(*context); });
  watch("/health/live", [](HttpRequest&) { return healthy(); });
  watch("/health/ready", [](HttpRequest&) { return healthy(); });
  router.add({.method = HttpMethod::get,
              .pattern = "/config/log_level",
              .handler = HttpHandler([context](HttpRequest&) { return shown_level(*context); })});
  router.add({.method = HttpMethod::put,
              .pattern = "/config/log_level",
              .handler = HttpHandler(
                  [context](HttpRequest& request) { return change_level(*context, request); }),
              .max_body_bytes = 64,
              .too_large = error_response(413, "INVALID_VALUE")});
}

}  // namespace nsqlookupd
