#include <utility>

#include "common/wire/names.hpp"
#include "nsqlookupd/http/routes.hpp"

namespace nsqlookupd {
namespace {

using namespace nsq::net;
using nsq::wire::ChannelName;
using nsq::wire::TopicName;

Checked<TopicName> valid_topic(const HttpRequest& request) {
  const auto text = topic_argument(request);
  if (!text) return std::unexpected(text.error());
  auto name = TopicName::parse(*text);
  if (!name) return refuse(400, "INVALID_ARG_TOPIC");
  return std::move(*name);
}

struct ChannelArguments {
  TopicName topic;
  ChannelName channel;
};

Checked<ChannelArguments> valid_channel(const HttpRequest& request) {
  auto topic = valid_topic(request);
  if (!topic) return std::unexpected(std::move(topic).error());
  const auto text = required(request, "channel", "MISSING_ARG_CHANNEL");
  if (!text) return std::unexpected(text.error());
  auto channel = ChannelName::parse(*text);
  if (!channel) return refuse(400, "INVALID_ARG_CHANNEL");
  return ChannelArguments{std::move(*topic), std::move(*channel)};
}

HttpResponse create_topic(const ApiContext& context, const HttpRequest& request) {
  const auto topic = valid_topic(request);
  if (!topic) return topic.error();
  context.log.info("DB: adding topic({})", topic->view());
  context.registry.create(*topic);
  return empty_response();
}

HttpResponse delete_topic(const ApiContext& context, const HttpRequest& request) {
  const auto name = topic_argument(request);
  if (!name) return name.error();
  if (const Topic* topic = context.registry.find(*name)) {
    for (const auto& [channel_name, channel] : topic->channels) {
      context.log.info("DB: removing channel({}) from topic({})", channel_name, *name);
    }
    if (topic->registered) context.log.info("DB: removing topic({})", *name);
    context.registry.erase_topic(*name);
  }
  return empty_response();
}

HttpResponse create_channel(const ApiContext& context, const HttpRequest& request) {
  const auto names = valid_channel(request);
  if (!names) return names.error();
  context.log.info("DB: adding channel({}) in topic({})", names->channel.view(),
                   names->topic.view());
  context.log.info("DB: adding topic({})", names->topic.view());
  context.registry.create(names->topic, names->channel);
  return empty_response();
}

HttpResponse delete_channel(const ApiContext& context, const HttpRequest& request) {
  const auto names = valid_channel(request);
  if (!names) return names.error();
  if (!context.registry.erase_channel(names->topic.view(), names->channel.view())) {
    return error_response(404, "CHANNEL_NOT_FOUND");
  }
  context.log.info("DB: removing channel({}) from topic({})", names->channel.view(),
                   names->topic.view());
  return empty_response();
}

HttpResponse tombstone(const ApiContext& context, const HttpRequest& request) {
  const auto topic = topic_argument(request);
  if (!topic) return topic.error();
  const auto node = required(request, "node", "MISSING_ARG_NODE");
  if (!node) return node.error();
  context.log.info("DB: setting tombstone for producer@{} of topic({})", nsq::printable(*node),
                   nsq::printable(*topic));
  context.registry.tombstone(*topic, *node, nsq::read_clock());
  return empty_response();
}

}  // namespace

void add_admin_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, auto handler) {
    router.add({.method = HttpMethod::post,
                .pattern = pattern,
                .handler = HttpHandler([context, handler](HttpRequest& request) {
                  return handler(*context, request);
                })});
  };
  add("/topic/create", create_topic);
  add("/topic/delete", delete_topic);
  add("/channel/create", create_channel);
  add("/channel/delete", delete_channel);
  add("/topic/tombstone", tombstone);
}

}  // namespace nsqlookupd
