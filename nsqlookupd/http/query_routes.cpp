#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/config/version.hpp"
#include "nsqlookupd/http/routes.hpp"
#include "nsqlookupd/registry/answers.hpp"
#include "nsqlookupd/registry/debug_answer.hpp"

namespace nsqlookupd {
namespace {

using namespace nsq::net;
using boost::asio::awaitable;

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

/// What is written of a long answer before others have their turn: less than a millisecond's work.
constexpr std::size_t kNamesPerTurn = 4096;
constexpr std::size_t kNodesPerTurn = 128;
constexpr std::size_t kProducersPerTurn = 2048;

/// Answers with what `answer` writes, step by step.
template <class Answer>
awaitable<HttpResponse> write_in_turns(Answer answer, std::size_t budget) {
  while (answer.step(budget)) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                               boost::asio::use_awaitable);
  }
  co_return json_response(std::move(answer).take());
}

}  // namespace

void add_query_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](const char* pattern, HttpHandler handler) {
    router.add({.method = HttpMethod::get, .pattern = pattern, .handler = std::move(handler)});
  };
  const auto add_long = [&](const char* pattern, HttpAsyncHandler handler) {
    router.add({.method = HttpMethod::get, .pattern = pattern, .handler = std::move(handler)});
  };
  add("/ping", [](HttpRequest&) { return ping(); });
  add("/info", [](HttpRequest&) { return info(); });
  add("/channels", [context](HttpRequest& request) { return channels(*context, request); });
  add_long("/topics", [context](HttpRequest&) {
    return write_in_turns(TopicsAnswer(context->registry), kNamesPerTurn);
  });
  add_long("/nodes", [context](HttpRequest&) {
    return write_in_turns(NodesAnswer(context->registry, nsq::read_clock()), kNodesPerTurn);
  });
  add_long("/debug", [context](HttpRequest&) {
    return write_in_turns(DebugAnswer(context->registry), kProducersPerTurn);
  });
}

}  // namespace nsqlookupd
