// What upstream lets an operator do to its runtime.

#include <malloc.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "common/wire/quote.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

HttpResponse free_memory() {
  ::malloc_trim(0);
  return empty_response();
}

/// Takes the rate and does nothing with it: there is no block profile.
HttpResponse set_block_rate(const HttpRequest& request) {
  const auto text = request.query.find("rate").value_or("");
  std::int64_t rate = 0;
  const auto digits = text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, rate);
  if (error == std::errc() && stop == end) return empty_response();
  HttpResponse refused =
      text_response("invalid block rate : parsing " + nsq::wire::quote(text) + ": invalid syntax");
  refused.status = 400;
  refused.skip_api_header = true;
  return refused;
}

}  // namespace

void add_debug_routes(HttpRouter& router) {
  const auto add = [&](HttpMethod method, const char* pattern, HttpHandler handler) {
    router.add({.method = method, .pattern = pattern, .handler = std::move(handler)});
  };
  add(HttpMethod::put, "/debug/setblockrate", [](HttpRequest& r) { return set_block_rate(r); });
  add(HttpMethod::post, "/debug/freememory", [](HttpRequest&) { return free_memory(); });
}

}  // namespace nsqd
