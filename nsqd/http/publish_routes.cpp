#include <charconv>
#include <cstdint>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "common/net/http_arguments.hpp"
#include "nsqd/http/mpub_body.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

namespace asio = boost::asio;
using namespace nsq::net;
using nsq::Errc;
using nsq::Milliseconds;
using nsq::Result;

std::unexpected<HttpResponse> exiting() {
  return refuse(503, "EXITING");
}

/// The log did not take it, for this reason.
HttpResponse not_stored(const nsq::Error& error) {
  return json_response(nlohmann::json{{"message", error.text()}}.dump(), 500);
}

/// The topic that the query names, created if need be.
Checked<std::shared_ptr<Topic>> open_topic(Broker& broker, const HttpRequest& request) {
  auto name = required(request, "topic", "MISSING_ARG_TOPIC");
  if (!name) return std::unexpected(std::move(name).error());
  if (auto topic = broker.find_topic(*name)) return topic;
  const auto checked_name = nsq::wire::TopicName::parse(*name);
  if (!checked_name) return refuse(400, "INVALID_TOPIC");
  auto topic = broker.get_or_create_topic(*checked_name);
  if (!topic) return exiting();
  return std::move(*topic);
}

/// Publishes by `attempt(topic, effects)`. A topic that is deleted at this moment is created anew,
/// once; whatever else keeps the messages out is 503 EXITING.
template <class Attempt>
Checked<Ticket> publish(Broker& broker, const std::shared_ptr<Topic>& topic, Attempt attempt) {
  Effects effects;
  Result<Ticket> ticket = attempt(*topic, effects);
  if (!ticket && ticket.error().code == Errc::exiting) {
    const auto anew = broker.get_or_create_topic(topic->name());
    if (!anew) return exiting();
    ticket = attempt(**anew, effects);
  }
  effects.run();
  if (ticket) return *ticket;
  if (ticket.error().code == Errc::exiting) return exiting();
  return std::unexpected(not_stored(ticket.error()));
}

/// The delay in `defer`: decimal milliseconds up to max_req_timeout, by default none.
Checked<Milliseconds> defer_of(const HttpRequest& request, nsq::Nanoseconds max_req_timeout) {
  auto text = request.query.find("defer");
  if (!text) return Milliseconds::zero();
  // from_chars takes a minus but no plus.
  if (text->starts_with('+') && !text->starts_with("+-")) text->remove_prefix(1);
  std::int64_t count = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, count);
  const bool number = error == std::errc() && stop == end;
  const auto max = std::chrono::floor<Milliseconds>(max_req_timeout);
  if (!number || count < 0 || count > max.count()) return refuse(400, "INVALID_DEFER");
  return Milliseconds(count);
}

Checked<Ticket> pub(const ApiContext& context, const HttpRequest& request) {
  if (request.body.empty()) return refuse(400, "MSG_EMPTY");
  auto topic = open_topic(context.broker, request);
  if (!topic) return std::unexpected(std::move(topic).error());
  auto defer = defer_of(request, context.options.max_req_timeout);
  if (!defer) return std::unexpected(std::move(defer).error());
  const std::string_view body = request.body;
  const auto now = nsq::read_clock();
  return publish(context.broker, *topic, [&](Topic& target, Effects& effects) {
    if (*defer == Milliseconds::zero())
      return target.publish({&body, 1}, context.commits, now, effects);
    return target.publish_deferred(body, *defer, context.commits, now, effects);
  });
}

Checked<Ticket> mpub(const ApiContext& context, const HttpRequest& request) {
  auto topic = open_topic(context.broker, request);
  if (!topic) return std::unexpected(std::move(topic).error());
  bool odd = false;
  const bool binary = asks_for_binary(request.query, odd);
  if (odd) {
    context.logger.warn("deprecated value used for parameter \"binary\" in {}", request.target);
  }
  const auto& options = context.options;
  auto bodies = binary ? split_binary(request.body, {.max_msg_size = options.max_msg_size,
                                                     .max_body_size = options.max_body_size})
                       : split_lines(request.body, options.max_msg_size);
  if (!bodies) return std::unexpected(std::move(bodies).error());
  if (bodies->empty()) return Ticket{0};
  const auto now = nsq::read_clock();
  return publish(context.broker, *topic, [&](Topic& target, Effects& effects) {
    return target.publish(*bodies, context.commits, now, effects);
  });
}

/// To be awaited on the queue's thread: whether the ticket's commit succeeded. The queue calls back
/// on that thread, so the coroutine is resumed right there.
auto commit_of(CommitQueue& commits, Ticket ticket) {
  const auto wait = [](auto handler, CommitQueue* queue, Ticket awaited) {
    queue->when_committed(awaited,
                          [handler = std::move(handler)](const Result<void>& done) mutable {
                            std::move(handler)(Result<void>(done));
                          });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
      wait, asio::use_awaitable, &commits, ticket);
}

/// The only coroutine of a publish: what can be refused was refused before it began.
asio::awaitable<HttpResponse> answer(ApiContextPtr context, nsq::MonoTime began,
                                     Checked<Ticket> published) {
  if (!published) co_return std::move(published).error();
  if (*published != 0) {
    const Result<void> committed = co_await commit_of(context->commits, *published);
    if (context->metrics && committed) {
      context->metrics->publish_latency.record(nsq::read_clock().mono - began);
    }
    if (!committed) co_return not_stored(committed.error());
  }
  co_return text_response("OK");
}

}  // namespace

void add_publish_routes(HttpRouter& router, const ApiContextPtr& context) {
  router.add({.method = HttpMethod::post,
              .pattern = "/pub",
              .handler = HttpAsyncHandler([context](HttpRequest& request) {
                return answer(context, nsq::read_clock().mono, pub(*context, request));
              }),
              .max_body_bytes = static_cast<std::size_t>(context->options.max_msg_size),
              .too_large = error_response(413, "MSG_TOO_BIG"),
              .access_log = false});
  router.add({.method = HttpMethod::post,
              .pattern = "/mpub",
              .handler = HttpAsyncHandler([context](HttpRequest& request) {
                return answer(context, nsq::read_clock().mono, mpub(*context, request));
              }),
              .max_body_bytes = static_cast<std::size_t>(context->options.max_body_size),
              .too_large = error_response(413, "BODY_TOO_BIG"),
              .access_log = false});
}

}  // namespace nsqd
