#include <utility>

#include "nsqd/http/arguments.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// The existing topic that the query names. Its name need not be valid to be looked for.
Checked<std::shared_ptr<Topic>> find_topic(const ApiContext& context, const HttpRequest& request) {
  auto name = required(request, "topic", "MISSING_ARG_TOPIC");
  if (!name) return std::unexpected(std::move(name).error());
  auto topic = context.broker.find_topic(*name);
  if (!topic) return refuse(404, "TOPIC_NOT_FOUND");
  return topic;
}

Checked<nsq::wire::TopicName> valid_topic_name(const HttpRequest& request) {
  auto text = required(request, "topic", "MISSING_ARG_TOPIC");
  if (!text) return std::unexpected(std::move(text).error());
  auto name = nsq::wire::TopicName::parse(*text);
  if (!name) return refuse(400, "INVALID_TOPIC");
  return std::move(*name);
}

HttpResponse create(const ApiContext& context, const HttpRequest& request) {
  auto name = valid_topic_name(request);
  if (!name) return std::move(name).error();
  const auto topic = context.broker.get_or_create_topic(*name);
  return topic ? empty_response() : error_response(503, "EXITING");
}

HttpResponse remove(const ApiContext& context, const HttpRequest& request) {
  auto name = required(request, "topic", "MISSING_ARG_TOPIC");
  if (!name) return std::move(name).error();
  const bool existed = context.broker.delete_topic(*name);
  return existed ? empty_response() : error_response(404, "TOPIC_NOT_FOUND");
}

HttpResponse empty(const ApiContext& context, const HttpRequest& request) {
  auto name = valid_topic_name(request);
  if (!name) return std::move(name).error();
  auto topic = find_topic(context, request);
  if (!topic) return std::move(topic).error();
  (*topic)->empty();
  return empty_response();
}

HttpResponse set_paused(const ApiContext& context, const HttpRequest& request, bool paused) {
  auto topic = find_topic(context, request);
  if (!topic) return std::move(topic).error();
  Effects effects;
  (*topic)->pause(paused, nsq::read_clock(), effects);
  effects.run();
  return empty_response();
}

}  // namespace

void add_topic_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::post,
                .pattern = pattern,
                .handler = HttpHandler([context, handler](HttpRequest& request) {
                  return handler(*context, request);
                })});
  };
  add("/topic/create", create);
  add("/topic/delete", remove);
  add("/topic/empty", empty);
  add("/topic/pause",
      [](const auto& c, const auto& request) { return set_paused(c, request, true); });
  add("/topic/unpause",
      [](const auto& c, const auto& request) { return set_paused(c, request, false); });
}

}  // namespace nsqd
