#include "clients/nsq/discovery.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "clients/nsq/lookup_answer.hpp"
#include "clients/nsq/lookup_pace.hpp"
#include "clients/nsq/upgrade.hpp"
#include "common/net/http_client.hpp"
#include "common/net/task_group.hpp"

namespace nsq::client {

namespace asio = boost::asio;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxReplyBytes = 16_MiB;
constexpr Nanoseconds kDefaultTimeout = std::chrono::minutes(1);

/// One nsqlookupd. Its own task keeps it alive until that has ended.
struct Source {
  Source(const asio::any_io_executor& executor, LookupdUrl where, LookupPace times,
         const Logger& logger)
      : url(std::move(where)), pace(std::move(times)), pause(executor), task(executor, logger) {}

  LookupdUrl url;
  LookupPace pace;
  asio::steady_timer pause;
  std::vector<Address> nsqds;  // as of the last answer
  std::string last_failure;    // logged once, however often it comes
  bool answered = false;
  bool polled = false;     // between two answers of one that does not wait
  bool ask_again = false;  // as soon as the present request is over
  bool removed = false;
  net::TaskGroup task;
};

}  // namespace

struct Discovery::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor ex, Setup s) : executor(std::move(ex)), setup(std::move(s)) {}

  asio::awaitable<void> run(std::shared_ptr<Source> source);
  asio::awaitable<Result<LookupAnswer>> ask(const Source& source);
  Result<net::HttpRequestSpec> request(const Source& source) const;
  Result<void> secure(const LookupdUrl& url, net::HttpRequestSpec& spec) const;
  Nanoseconds take(Source& source, LookupAnswer answer, Nanoseconds took);
  Nanoseconds note_failure(Source& source, const Error& error);
  void tell();
  void drop(Source& source);

  asio::any_io_executor executor;
  Setup setup;
  std::mt19937_64 random{std::random_device{}()};
  std::map<LookupdUrl, std::shared_ptr<Source>> sources;
  std::atomic<std::uint64_t> answers = 0;
  std::atomic<std::uint64_t> failures = 0;
};

/// Until the source is removed; its pauses and requests then end at once.
asio::awaitable<void> Discovery::State::run(std::shared_ptr<Source> source) {
  const auto self = shared_from_this();
  for (;;) {
    source->ask_again = false;
    source->polled = !source->pace.waits();
    const MonoTime began = read_clock().mono;
    auto answer = co_await ask(*source);
    if (source->removed) co_return;
    Nanoseconds delay{};
    if (answer) {
      delay = take(*source, *std::move(answer), read_clock().mono - began);
    } else {
      delay = note_failure(*source, answer.error());
    }
    if (source->removed) co_return;  // by who was told
    if (source->ask_again && source->polled) continue;
    source->pause.expires_after(delay);
    co_await source->pause.async_wait(kNoThrow);
    if (source->removed) co_return;
  }
}

asio::awaitable<Result<LookupAnswer>> Discovery::State::ask(const Source& source) {
  auto asked = request(source);
  if (!asked) co_return std::unexpected(asked.error());
  auto reply = co_await net::http_request(*std::move(asked));
  if (!reply) co_return std::unexpected(reply.error());
  co_return read_lookup_reply(reply->status, reply->body);
}

Result<net::HttpRequestSpec> Discovery::State::request(const Source& source) const {
  const Nanoseconds asked = setup.options->lookupd_poll_timeout;
  const Nanoseconds limit = asked > Nanoseconds(0) ? asked : kDefaultTimeout;
  net::HttpRequestSpec spec;
  spec.host = source.url.host;
  spec.port = source.url.port;
  spec.headers = {{"Accept", "application/vnd.nsq; version=1.0"}};
  spec.connect_timeout = limit;
  spec.request_timeout = source.pace.waits() ? limit + LookupPace::kWait : limit;
  spec.max_reply_bytes = kMaxReplyBytes;
  if (auto secured = secure(source.url, spec); !secured) return std::unexpected(secured.error());
  if (!setup.topic) {
    spec.target = source.url.nodes_target();
    return spec;
  }
  // An nsqlookupd that does not wait ignores what it does not know.
  spec.target =
      fmt::format("{}&wait={}s&index={}", source.url.lookup_target(*setup.topic),
                  std::chrono::duration_cast<std::chrono::seconds>(LookupPace::kWait).count(),
                  source.pace.index());
  return spec;
}

/// TLS, and the secret. Certificates are read for each request, so that one that was replaced is
/// used from the next one on. Source: spec/client.md 5.
Result<void> Discovery::State::secure(const LookupdUrl& url, net::HttpRequestSpec& spec) const {
  const Options& options = *setup.options;
  if (url.https) {
    auto context = net::TlsContext::client(tls_config(options));
    if (!context) return fail(context.error().code, "TLS: " + context.error().text());
    spec.tls = *std::move(context);
  }
  const bool shown = options.lookupd_authorization.value_or(url.https) &&
                     options.skip_lookupd_authorization && !options.auth_secret.empty();
  if (!shown) return {};
  // A line end would begin the next header.
  const auto breaks = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (std::ranges::any_of(options.auth_secret, breaks)) {
    return fail(Errc::bad_config, "auth_secret has characters that no header can have");
  }
  spec.headers.emplace_back("Authorization", "Bearer " + options.auth_secret);
  return {};
}

Nanoseconds Discovery::State::take(Source& source, LookupAnswer answer, Nanoseconds took) {
  answers.fetch_add(1, std::memory_order_relaxed);
  if (!source.answered || !source.last_failure.empty()) {
    setup.log.logger.info("{} nsqlookupd {} answers, {} nsqds", setup.log.tag, source.url.text(),
                          answer.nsqds.size());
  }
  source.answered = true;
  source.last_failure.clear();
  source.nsqds = std::move(answer.nsqds);
  const Nanoseconds delay = source.pace.after_answer(answer.index, took);
  source.polled = !source.pace.waits();
  tell();
  return delay;
}

Nanoseconds Discovery::State::note_failure(Source& source, const Error& error) {
  failures.fetch_add(1, std::memory_order_relaxed);
  source.polled = false;
  const std::string text = printable(error.text());
  if (text != source.last_failure) {
    setup.log.logger.error("{} error querying nsqlookupd ({}) - {}", setup.log.tag,
                           source.url.text(), text);
    source.last_failure = text;
  }
  return source.pace.after_failure();
}

void Discovery::State::tell() {
  std::set<Address> all;
  for (const auto& [url, source] : sources) all.insert(source->nsqds.begin(), source->nsqds.end());
  const auto found = setup.found;  // who is told may stop us
  if (found) found({all.begin(), all.end()});
}

void Discovery::State::drop(Source& source) {
  source.removed = true;
  source.pause.cancel();
  source.task.cancel();
}

Discovery::Discovery(asio::any_io_executor executor, Setup setup)
    : state_(std::make_shared<State>(std::move(executor), std::move(setup))) {}

Discovery::~Discovery() {
  stop();
}

void Discovery::add(const LookupdUrl& url) {
  if (!state_->setup.found || state_->sources.contains(url)) return;
  const std::weak_ptr<State> weak = state_;
  LookupPace pace(*state_->setup.options, [weak] {
    const auto state = weak.lock();
    return state ? std::uniform_real_distribution<double>(0, 1)(state->random) : 0.0;
  });
  const auto source =
      std::make_shared<Source>(state_->executor, url, std::move(pace), state_->setup.log.logger);
  state_->sources.emplace(url, source);
  source->task.spawn("discovery", state_->run(source));
}

bool Discovery::remove(const LookupdUrl& url) {
  const auto at = state_->sources.find(url);
  if (at == state_->sources.end()) return false;
  const auto source = at->second;
  state_->sources.erase(at);
  state_->drop(*source);
  state_->tell();
  return true;
}

void Discovery::ask_soon() {
  for (const auto& [url, source] : state_->sources) {
    if (!source->polled) continue;
    source->ask_again = true;
    source->pause.cancel();
  }
}

void Discovery::stop() {
  state_->setup.found = nullptr;
  const auto sources = std::exchange(state_->sources, {});
  for (const auto& [url, source] : sources) state_->drop(*source);
}

Discovery::Stats Discovery::stats() const noexcept {
  return {.answers = state_->answers.load(std::memory_order_relaxed),
          .failures = state_->failures.load(std::memory_order_relaxed)};
}

}  // namespace nsq::client
