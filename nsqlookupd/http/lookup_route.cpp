#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/config/values.hpp"
#include "nsqlookupd/http/routes.hpp"
#include "nsqlookupd/registry/answers.hpp"

namespace nsqlookupd {
namespace {

using namespace nsq::net;
using boost::asio::awaitable;

/// The longest that a request waits, whatever it asks for.
constexpr nsq::Nanoseconds kMaxWait = nsq::Seconds(60);

/// What a client asks for besides a plain answer.
struct Poll {
  bool asked = false;                  ///< by either parameter: then the answer has its index
  nsq::Nanoseconds wait{};             ///< how long to wait for another answer
  std::optional<std::uint64_t> index;  ///< of the answer that the client has
};

std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc() || stop != end) return std::nullopt;
  return index;
}

Checked<Poll> parse_poll(const HttpRequest& request) {
  Poll poll;
  if (const auto text = request.query.find("wait")) {
    const auto wait = nsq::config::parse_duration(*text);
    if (!wait || wait->count() < 0) return refuse(400, "INVALID_ARG_WAIT");
    poll.asked = true;
    poll.wait = std::min(*wait, kMaxWait);
  }
  if (const auto text = request.query.find("index")) {
    poll.index = parse_index(*text);
    if (!poll.index) return refuse(400, "INVALID_ARG_INDEX");
    poll.asked = true;
  }
  return poll;
}

HttpResponse answer(const ApiContext& context, std::string_view topic, nsq::Now now,
                    std::optional<std::uint64_t> index) {
  auto found = lookup_json(context.registry, topic, now, index);
  if (found) return json_response(std::move(*found));
  if (!index) return error_response(404, "TOPIC_NOT_FOUND");
  return json_response(fmt::format("{{\"message\":\"TOPIC_NOT_FOUND\",\"index\":{}}}", *index),
                       404);
}

awaitable<HttpResponse> lookup(ApiContextPtr context, const HttpRequest& request) {
  const auto topic = topic_argument(request);
  if (!topic) co_return topic.error();
  const auto poll = parse_poll(request);
  if (!poll) co_return poll.error();
  nsq::Now now = nsq::read_clock();
  if (!poll->asked) co_return answer(*context, *topic, now, std::nullopt);

  const nsq::MonoTime deadline = now.mono + poll->wait;
  LookupIndex index = context->registry.lookup_index(*topic, now);
  while (poll->index == index.value && now.mono < deadline && !context->waiters.stopped()) {
    co_await context->waiters.wait(std::string(*topic), std::min(deadline, index.stable_until));
    now = nsq::read_clock();
    index = context->registry.lookup_index(*topic, now);
  }
  co_return answer(*context, *topic, now, index.value);
}

}  // namespace

void add_lookup_route(HttpRouter& router, const ApiContextPtr& context) {
  router.add({.method = HttpMethod::get,
              .pattern = "/lookup",
              .handler = HttpAsyncHandler(
                  [context](HttpRequest& request) { return lookup(context, request); })});
}

}  // namespace nsqlookupd
