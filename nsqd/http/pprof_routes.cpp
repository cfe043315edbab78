// /debug/pprof: what pprof asks a process for.

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "common/net/run_on.hpp"
#include "nsqd/http/cpu_profile.hpp"
#include "nsqd/http/heap_report.hpp"
#include "nsqd/http/routes.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;
namespace asio = boost::asio;

/// Profiles of the Go runtime, which has no like here.
constexpr auto kGoProfiles =
    std::to_array<std::string_view>({"goroutine", "block", "threadcreate"});

constexpr nsq::Seconds kDefaultProfileTime(30);
/// One at a time, and an abandoned one runs to its end: so not for ever.
constexpr nsq::Seconds kMaxProfileTime(300);

constexpr std::string_view kIndex = R"(<html>
<head><title>/debug/pprof/</title></head>
<body>
<p><a href="profile?seconds=30">profile</a>: a CPU profile, for pprof</p>
<p><a href="heap?debug=1">heap</a>: who has the memory (as text; <a href="heap?debug=2">the allocator's arenas</a> as XML)</p>
<p><a href="cmdline">cmdline</a>: the command line of this process</p>
<p><a href="/debug/memory">memory</a> by topic and channel, <a href="/debug/threads">threads</a> and their CPU time</p>
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

/// A refusal whose text `go tool pprof` shows.
HttpResponse no_profile(int status, std::string why) {
  HttpResponse response = plain(status, std::move(why));
  response.headers.emplace_back("X-Go-Pprof", "1");
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

/// Says that there are no symbols to resolve addresses with: pprof reads them from the binary.
HttpResponse symbol() {
  return plain(200, "num_symbols: 0\n");
}

asio::awaitable<HttpResponse> heap(const ApiContext& context, const HttpRequest& request) {
  const auto debug = request.query.find("debug").value_or("0");
  if (debug == "0") {
    co_return no_profile(
        501,
        "the allocator keeps no record of who allocated; /debug/pprof/heap?debug=1 "
        "has what each part of nsqd holds, /debug/memory what each topic does\n");
  }
  const bool as_text = debug != "2";
  std::string report = co_await run_on(
      context.background, [&] { return as_text ? heap_report(context) : allocator_arenas(); });
  if (report.empty()) co_return plain(500, "the allocator has no report\n");
  HttpResponse response = plain(200, std::move(report));
  if (!as_text) response.content_type = "application/xml";
  co_return response;
}

HttpResponse other_profile(const HttpRequest& request) {
  if (std::ranges::find(kGoProfiles, request.param) == kGoProfiles.end()) {
    return error_response(404, "NOT_FOUND");
  }
  return no_profile(
      501, fmt::format("there is no {} profile: nsqd does not run on Go\n", request.param));
}

/// How long to look; nothing for what is no time, or too long a one.
std::optional<nsq::Seconds> profile_time(const HttpRequest& request) {
  const auto text = request.query.find("seconds");
  if (!text) return kDefaultProfileTime;
  int seconds = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, seconds);
  if (error != std::errc() || stop != end || seconds < 1) return std::nullopt;
  if (nsq::Seconds(seconds) > kMaxProfileTime) return std::nullopt;
  return nsq::Seconds(seconds);
}

asio::awaitable<HttpResponse> cpu_profile(HttpRequest& request) {
  const auto time = profile_time(request);
  if (!time) {
    co_return no_profile(
        400, fmt::format("seconds must be a whole number from 1 to {}\n", kMaxProfileTime.count()));
  }
  const auto profile = CpuProfile::start();
  if (!profile) {
    const bool busy = profile.error().code == nsq::Errc::rejected;
    co_return no_profile(busy ? 409 : 500, profile.error().text() + "\n");
  }
  asio::steady_timer timer(co_await asio::this_coro::executor, *time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));  // or the daemon stops
  auto samples = (*profile)->finish();
  if (!samples) co_return no_profile(500, samples.error().text() + "\n");
  HttpResponse response = plain(200, std::move(*samples));
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"profile\"");
  co_return response;
}

}  // namespace

void add_pprof_routes(HttpRouter& router, const ApiContextPtr& context) {
  const auto add = [&](HttpMethod method, const char* pattern, auto handler) {
    router.add(
        {.method = method, .pattern = pattern, .handler = std::move(handler), .access_log = false});
  };
  const auto at_once = [](auto handler) { return HttpHandler(std::move(handler)); };
  add(HttpMethod::get, "/debug/pprof/", at_once([](HttpRequest&) { return index(); }));
  add(HttpMethod::get, "/debug/pprof/cmdline", at_once([](HttpRequest&) { return cmdline(); }));
  add(HttpMethod::get, "/debug/pprof/symbol", at_once([](HttpRequest&) { return symbol(); }));
  add(HttpMethod::post, "/debug/pprof/symbol", at_once([](HttpRequest&) { return symbol(); }));
  add(HttpMethod::get, "/debug/pprof/profile", HttpAsyncHandler(cpu_profile));
  add(HttpMethod::get, "/debug/pprof/heap",
      HttpAsyncHandler([context](HttpRequest& request) { return heap(*context, request); }));
  add(HttpMethod::get, "/debug/pprof/:profile",
      at_once([](HttpRequest& request) { return other_profile(request); }));
}

}  // namespace nsqd
