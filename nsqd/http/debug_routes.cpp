#include <malloc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "common/wire/quote.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// Profiles of the Go runtime, which has no like here.
constexpr auto kProfiles =
    std::to_array<std::string_view>({"profile", "heap", "goroutine", "block", "threadcreate"});

constexpr std::string_view kIndex = R"(<html>
<head><title>/debug/pprof/</title></head>
<body>
<p><a href="cmdline">cmdline</a>: the command line of this process</p>
<p><a href="heap?debug=1">heap</a>: the allocator's arenas (XML)</p>
<p><a href="/debug/memory">memory</a> by topic and channel, <a href="/debug/threads">threads</a> and their CPU time</p>
<p>There are no CPU profiles over HTTP; <code>perf record -p PID</code> makes them.</p>
</body>
</html>
)";

/// An answer that is not the API's.
HttpResponse plain(int status, std::string body) {
  HttpResponse response = text_response(std::move(body));
  response.status = status;
  response.skip_api_header = true;
  return response;
}

HttpResponse index() {
  HttpResponse response = plain(200, std::string(kIndex));
  response.content_type = "text/html; charset=utf-8";
  return response;
}

/// argv, separated by NUL bytes.
HttpResponse cmdline() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.ends_with('\0')) text.pop_back();
  return plain(200, std::move(text));
}

/// Says that there are no symbols to resolve addresses with.
HttpResponse symbol() {
  return plain(200, "num_symbols: 0\n");
}

/// The allocator's own account of its arenas, as XML.
HttpResponse allocator() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = ::open_memstream(&text, &size);
  if (!stream) return plain(500, "no memory for the report\n");
  const int failed = ::malloc_info(0, stream);
  std::fclose(stream);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  if (failed != 0) return plain(500, "the allocator has no report\n");
  HttpResponse response = plain(200, std::string(text, size));
  response.content_type = "application/xml";
  return response;
}

HttpResponse profile(const HttpRequest& request) {
  if (std::ranges::find(kProfiles, request.param) == kProfiles.end()) {
    return error_response(404, "NOT_FOUND");
  }
  const auto debug = request.query.find("debug").value_or("0");
  if (request.param == "heap" && debug != "0") return allocator();
  return plain(501, "there are no profiles over HTTP; use perf record -p PID\n");
}

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
  return plain(400, "invalid block rate : parsing " + nsq::wire::quote(text) + ": invalid syntax");
}

}  // namespace

void add_debug_routes(HttpRouter& router) {
  const auto add = [&](HttpMethod method, const char* pattern, HttpHandler handler) {
    const bool pprof = std::string_view(pattern).starts_with("/debug/pprof");
    router.add({.method = method,
                .pattern = pattern,
                .handler = std::move(handler),
                .access_log = !pprof});
  };
  add(HttpMethod::get, "/debug/pprof/", [](HttpRequest&) { return index(); });
  add(HttpMethod::get, "/debug/pprof/cmdline", [](HttpRequest&) { return cmdline(); });
  add(HttpMethod::get, "/debug/pprof/symbol", [](HttpRequest&) { return symbol(); });
  add(HttpMethod::post, "/debug/pprof/symbol", [](HttpRequest&) { return symbol(); });
  add(HttpMethod::get, "/debug/pprof/:profile", [](HttpRequest& r) { return profile(r); });
  add(HttpMethod::put, "/debug/setblockrate", [](HttpRequest& r) { return set_block_rate(r); });
  add(HttpMethod::post, "/debug/freememory", [](HttpRequest&) { return free_memory(); });
}

}  // namespace nsqd
