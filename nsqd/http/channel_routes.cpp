#include <utility>

#include "common/net/http_arguments.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// An existing topic, and the name of a channel in it.
struct Place {
  std::shared_ptr<Topic> topic;
  nsq::wire::ChannelName channel;
};

/// Checks in this order: topic present, topic valid, channel present, channel valid, topic exists.
Checked<Place> find_place(const ApiContext& context, const HttpRequest& request) {
  auto topic_text = required(request, "topic", "MISSING_ARG_TOPIC");
  if (!topic_text) return std::unexpected(std::move(topic_text).error());
  if (!nsq::wire::is_valid_name(*topic_text)) return refuse(400, "INVALID_ARG_TOPIC");
  auto channel_text = required(request, "channel", "MISSING_ARG_CHANNEL");
  if (!channel_text) return std::unexpected(std::move(channel_text).error());
  auto channel = nsq::wire::ChannelName::parse(*channel_text);
  if (!channel) return refuse(400, "INVALID_ARG_CHANNEL");
  auto topic = context.broker.find_topic(*topic_text);
  if (!topic) return refuse(404, "TOPIC_NOT_FOUND");
  return Place{std::move(topic), std::move(*channel)};
}

struct Found {
  std::shared_ptr<Topic> topic;
  std::shared_ptr<Channel> channel;
};

Checked<Found> find_channel(const ApiContext& context, const HttpRequest& request) {
  auto place = find_place(context, request);
  if (!place) return std::unexpected(std::move(place).error());
  auto channel = place->topic->find_channel(place->channel.view());
  if (!channel) return refuse(404, "CHANNEL_NOT_FOUND");
  return Found{std::move(place->topic), std::move(channel)};
}

HttpResponse create(const ApiContext& context, const HttpRequest& request) {
  auto place = find_place(context, request);
  if (!place) return std::move(place).error();
  const auto channel = context.broker.get_or_create_channel(place->topic, place->channel);
  // The topic can only have been deleted since it was found.
  return channel ? empty_response() : error_response(404, "TOPIC_NOT_FOUND");
}

HttpResponse remove(const ApiContext& context, const HttpRequest& request) {
  auto place = find_place(context, request);
  if (!place) return std::move(place).error();
  const bool existed = context.broker.delete_channel(place->topic, place->channel.view());
  return existed ? empty_response() : error_response(404, "CHANNEL_NOT_FOUND");
}

HttpResponse empty(const ApiContext& context, const HttpRequest& request) {
  auto found = find_channel(context, request);
  if (!found) return std::move(found).error();
  Effects effects;
  found->topic->empty_channel(*found->channel, effects);
  effects.run();
  context.broker.save(*found->topic);
  return empty_response();
}

HttpResponse set_paused(const ApiContext& context, const HttpRequest& request, bool paused) {
  auto found = find_channel(context, request);
  if (!found) return std::move(found).error();
  Effects effects;
  found->channel->pause(paused, effects);
  effects.run();
  context.broker.save(*found->topic);
  return empty_response();
}

}  // namespace

void add_channel_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::post,
                .pattern = pattern,
                .handler = HttpHandler([context, handler](HttpRequest& request) {
                  return handler(*context, request);
                })});
  };
  add("/channel/create", create);
  add("/channel/delete", remove);
  add("/channel/empty", empty);
  add("/channel/pause",
      [](const auto& c, const auto& request) { return set_paused(c, request, true); });
  add("/channel/unpause",
      [](const auto& c, const auto& request) { return set_paused(c, request, false); });
}

}  // namespace nsqd
