#include <utility>

#include <fmt/format.h>

#include "common/config/version.hpp"
#include "nsqlookupd/http/routes.hpp"
#include "nsqlookupd/registry/answers.hpp"

namespace nsqlookupd {
namespace {

using namespace nsq::net;

HttpResponse ping() {
  HttpResponse response = text_response("OK");
  response.skip_api_header = true;
  return response;
}

HttpResponse info() {
  return json_response(fmt::format("{{\"version\":\"{}\"}}", nsq::config::version()));
}

HttpResponse channels(const ApiContext& context, const HttpRequest& request) {
  const auto topic = topic_argument(request);
  if (!topic) return topic.error();
  return json_response(channels_json(context.registry, *topic));
}

}  // namespace

void add_query_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::get, .pattern = pattern, .handler = HttpHandler(handler)});
  };
  add("/ping", [](HttpRequest&) { return ping(); });
  add("/info", [](HttpRequest&) { return info(); });
  add("/topics", [context](HttpRequest&) { return json_response(topics_json(context->registry)); });
  add("/channels", [context](HttpRequest& request) { return channels(*context, request); });
  add("/nodes", [context](HttpRequest&) {
    return json_response(nodes_json(context->registry, nsq::read_clock()));
  });
  add("/debug", [context](HttpRequest&) { return json_response(debug_json(context->registry)); });
}

}  // namespace nsqlookupd
