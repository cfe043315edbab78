#include <utility>

#include <nlohmann/json.hpp>

#include "common/net/http_arguments.hpp"
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

/// Sets what `durability` says, if the request has it.
Checked<void> set_durability(const ApiContext& context, Topic& topic, std::string_view text) {
  const auto durability = parse_durability(text);
  if (!durability) return refuse(400, "INVALID_DURABILITY");
  topic.set_durability(*durability);
  context.broker.save(topic);
  return {};
}

HttpResponse create(const ApiContext& context, const HttpRequest& request) {
  auto name = valid_topic_name(request);
  if (!name) return std::move(name).error();
  const auto durability = request.query.find("durability");
  if (durability && !parse_durability(*durability)) {
    return error_response(400, "INVALID_DURABILITY");
  }
  const auto topic = context.broker.get_or_create_topic(*name);
  if (!topic) return error_response(503, "EXITING");
  if (durability) {
    if (auto set = set_durability(context, **topic, *durability); !set) {
      return std::move(set).error();
    }
  }
  return empty_response();
}

HttpResponse show_config(const Topic& topic) {
  const nlohmann::json config = {{"durability", to_string(topic.durability())}};
  return json_response(config.dump());
}

HttpResponse get_config(const ApiContext& context, const HttpRequest& request) {
  auto topic = find_topic(context, request);
  if (!topic) return std::move(topic).error();
  return show_config(**topic);
}

HttpResponse put_config(const ApiContext& context, const HttpRequest& request) {
  auto topic = find_topic(context, request);
  if (!topic) return std::move(topic).error();
  const auto document = nlohmann::json::parse(request.body, nullptr, false);
  const auto durability = document.is_object() ? document.find("durability") : document.end();
  if (durability == document.end() || document.size() != 1 || !durability->is_string()) {
    return error_response(400, "INVALID_BODY");
  }
  auto set = set_durability(context, **topic, durability->get_ref<const std::string&>());
  if (!set) return std::move(set).error();
  return show_config(**topic);
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
  context.broker.save(**topic);
  return empty_response();
}

HttpResponse set_paused(const ApiContext& context, const HttpRequest& request, bool paused) {
  auto topic = find_topic(context, request);
  if (!topic) return std::move(topic).error();
  Effects effects;
  (*topic)->pause(paused, effects);
  effects.run();
  context.broker.save(**topic);
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
  router.add({.method = HttpMethod::get,
              .pattern = "/topic/config",
              .handler = HttpHandler(
                  [context](HttpRequest& request) { return get_config(*context, request); })});
  router.add({.method = HttpMethod::put,
              .pattern = "/topic/config",
              .handler = HttpHandler(
                  [context](HttpRequest& request) { return put_config(*context, request); })});
  add("/topic/delete", remove);
  add("/topic/empty", empty);
  add("/topic/pause",
      [](const auto& c, const auto& request) { return set_paused(c, request, true); });
  add("/topic/unpause",
      [](const auto& c, const auto& request) { return set_paused(c, request, false); });
}

}  // namespace nsqd
