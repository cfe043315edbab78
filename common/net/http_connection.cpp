#include "common/net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace nsq::net {
namespace asio = boost::asio;

namespace {

/// Output above this is sent before the next request is looked at.
constexpr std::size_t kMaxOutputBytes = 256_KiB;
/// Bodies above this are sent from where they are; smaller ones are copied behind their headers,
/// and go out together with other answers.
constexpr std::size_t kMaxCopiedBytes = 64_KiB;
/// What an idle connection may keep of its output's memory.
constexpr std::size_t kKeptOutputBytes = 512;

/// The path, encoded for a Location header, with the request's query.
std::string location(std::string_view path, const HttpRequest& request) {
  constexpr std::string_view kPlain = "-._~/:@!$&'()*+,=";
  std::string text;
  for (const char c : path) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || kPlain.contains(c)) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (!request.raw_query.empty()) text.append("?").append(request.raw_query);
  return text;
}

HttpResponse internal_error() {
  return error_response(500, "INTERNAL_ERROR");
}

void log_failure(const Logger& logger, const HttpRequest& request, const char* what) {
  logger.error("HTTP: panic in {} {} - {}", request.method_name, request.path, what);
}

}  // namespace

HttpConnection::HttpConnection(HttpWorker& worker, std::unique_ptr<ByteStream> stream,
                               std::string remote)
    : worker_(worker), stream_(std::move(stream)), remote_(std::move(remote)) {
  worker_.connections.push_back(*this);
}

asio::awaitable<void> HttpConnection::run() {
  for (;;) {
    const Step step = advance();
    // Whatever comes next may suspend, and the scratch buffer belongs to all connections.
    if (step != Step::need_input) settle_input();
    bool sent = write_output() == IoStatus::ok;
    if (!sent) sent = co_await flush();
    if (!sent) co_return;
    if (step == Step::close) break;
    if (step == Step::run_handler) {
      co_await run_handler();
    } else if (step == Step::need_input) {
      settle_input();
      const bool more = co_await read_more();
      if (!more) co_return;
    }
  }
  if (unread_body_) co_await drain();
}

void HttpConnection::stop_if_idle() {
  if (waiting_ && !parser_) stream_->close();
}

HttpConnection::Step HttpConnection::advance() {
  // The asynchronous handler before this call may have given the last answer, or a large one.
  const Step after_answer = std::exchange(after_answer_, Step::need_input);
  if (after_answer != Step::need_input) return after_answer;
  for (;;) {
    if (output_.size() > kMaxOutputBytes) return Step::flush;
    if (!parser_) {
      // Empty lines before a request are to be ignored (RFC 9112 2.2).
      while (input_.starts_with("\r\n")) input_.remove_prefix(2);
      if (input_.empty()) return Step::need_input;
      begin_request();
    }
    const HttpParser::Status status = parser_->put(input_);
    if (status == HttpParser::Status::need_more) {
      if (parser_->expects_continue() && !std::exchange(sent_continue_, true)) {
        output_.append("HTTP/1.1 100 Continue\r\n\r\n");
      }
      return Step::need_input;
    }
    const Step step = take_request(status);
    if (step != Step::need_input) return step;
  }
}

void HttpConnection::begin_request() {
  const HttpServerOptions& options = worker_.shared->options;
  const bool refuse_all = options.refuse_with.has_value();
  // The guard sees the head alone: a stranger's body is not worth memory.
  const auto pause = options.guard ? HttpParser::Pause::after_head : HttpParser::Pause::never;
  parser_ = std::make_unique<HttpParser>(refuse_all ? nullptr : worker_.router.get(),
                                         options.max_header_bytes, pause);
  sent_continue_ = false;
  admitted_ = false;
}

/// Answers the request if it can be answered; need_input: its body is wanted, or the next request.
HttpConnection::Step HttpConnection::take_request(HttpParser::Status status) {
  if (status == HttpParser::Status::malformed) {
    refuse_malformed();
    return Step::close;
  }
  parser_->request().remote = remote_;
  parser_->request().tls = stream_->tls_peer();
  mark_start();
  const HttpMatch& match = parser_->match();
  const bool whole = status == HttpParser::Status::complete;
  auto refusal = admitted_ ? std::nullopt : ask_guard();
  if (status == HttpParser::Status::head && !refusal) {
    admitted_ = true;
    return Step::need_input;
  }
  if (whole && !refusal && match.route &&
      std::holds_alternative<HttpAsyncHandler>(match.route->handler)) {
    return Step::run_handler;
  }
  HttpResponse response = refusal ? *std::move(refusal) : answer_now(status);
  if (!whole) {
    response.close = true;
    unread_body_ = true;
  }
  return append_answer(std::move(response));
}

std::optional<HttpResponse> HttpConnection::ask_guard() const {
  const auto& options = worker_.shared->options;
  if (!options.guard || options.refuse_with) return std::nullopt;
  return options.guard(parser_->request(), parser_->match());
}

void HttpConnection::refuse_malformed() {
  const int status = parser_->error_status();
  HttpResponse response = text_response(fmt::format("{} {}", status, http_reason(status)));
  response.status = status;
  response.skip_api_header = true;
  append_response(output_, response, {.keep_alive = false}, worker_.date.line());
  unread_body_ = true;
}

HttpResponse HttpConnection::answer_now(HttpParser::Status status) {
  if (worker_.shared->options.refuse_with) return *worker_.shared->options.refuse_with;
  const HttpRoute* route = parser_->match().route;
  if (!route) return answer_unrouted();
  if (status == HttpParser::Status::refused) return route->too_large;
  return guarded_call(std::get<HttpHandler>(route->handler), parser_->request());
}

HttpResponse HttpConnection::answer_unrouted() const {
  const HttpRequest& request = parser_->request();
  const HttpMatch& match = parser_->match();
  HttpResponse response;
  if (request.method == HttpMethod::options && request.target == "*") {
    response.skip_api_header = true;
    return response;
  }
  switch (match.kind) {
    case HttpMatch::Kind::redirect:
      response.status = request.method == HttpMethod::get ? 301 : 308;
      response.headers.emplace_back("Location", location(match.text, request));
      response.skip_api_header = true;
      return response;
    case HttpMatch::Kind::options:
      response.headers.emplace_back("Allow", match.text);
      response.skip_api_header = true;
      return response;
    case HttpMatch::Kind::method_not_allowed:
      response = error_response(405, "METHOD_NOT_ALLOWED");
      response.headers.emplace_back("Allow", match.text);
      return response;
    default:
      return error_response(404, "NOT_FOUND");
  }
}

HttpResponse HttpConnection::guarded_call(const HttpHandler& handler, HttpRequest& request) const {
  try {
    return handler(request);
  } catch (const std::exception& e) {
    log_failure(worker_.shared->logger, request, e.what());
  } catch (...) {
    log_failure(worker_.shared->logger, request, "unknown exception");
  }
  return internal_error();
}

asio::awaitable<void> HttpConnection::run_handler() {
  HttpRequest& request = parser_->request();
  const auto& handler = std::get<HttpAsyncHandler>(parser_->match().route->handler);
  HttpResponse response;
  std::string failure;
  try {
    response = co_await handler(request);
  } catch (const std::exception& e) {
    failure = e.what();
  } catch (...) {
    failure = "unknown exception";
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    after_answer_ = Step::close;  // without an answer
    co_return;
  }
  if (!failure.empty()) {
    log_failure(worker_.shared->logger, request, failure.c_str());
    response = internal_error();
  }
  after_answer_ = append_answer(std::move(response));
}

HttpConnection::Step HttpConnection::append_answer(HttpResponse response) {
  const HttpRequest& request = parser_->request();
  const bool keep = !response.close && !worker_.stopping && !unread_body_ && parser_->keep_alive();
  const bool head = request.method == HttpMethod::head;
  const bool large = !head && response.body.size() > kMaxCopiedBytes;
  append_response(
      output_, response,
      {.http_1_0 = request.http_1_0, .keep_alive = keep, .head = head, .body_follows = large},
      worker_.date.line());
  if (large) large_body_ = std::move(response.body);
  log_access(response.status);
  parser_.reset();
  if (!keep) return Step::close;
  return large ? Step::flush : Step::need_input;
}

void HttpConnection::mark_start() {
  if (worker_.shared->options.access_log) started_ = read_clock().mono;
}

void HttpConnection::log_access(int status) const {
  const auto& hook = worker_.shared->options.access_log;
  if (!hook) return;
  const HttpMatch& match = parser_->match();
  if (match.route && !match.route->access_log) return;
  if (match.kind == HttpMatch::Kind::redirect || match.kind == HttpMatch::Kind::options) return;
  const HttpRequest& request = parser_->request();
  hook({.status = status,
        .method = request.method_name,
        .target = request.target,
        .remote = remote_,
        .elapsed = read_clock().mono - started_});
}

/// Moves what is left of the input to where it survives a suspension.
void HttpConnection::settle_input() {
  const bool carried = input_.data() >= carry_.data() &&
                       input_.data() <= carry_.data() + carry_.size() && !carry_.empty();
  if (input_.empty()) {
    if (!carry_.empty()) carry_ = {};
    input_ = {};
  } else if (!carried) {
    carry_ = std::string(input_);
    input_ = carry_;
  }
}

/// Waits for bytes and reads them behind what is left of the input.
asio::awaitable<bool> HttpConnection::read_more() {
  for (;;) {
    waiting_ = true;
    if (worker_.stopping) stop_if_idle();
    const auto ec = co_await stream_->wait_readable();
    waiting_ = false;
    if (ec) co_return false;
    const IoResult got = stream_->read_some(worker_.scratch);
    if (got.status == IoStatus::would_block) continue;
    if (got.status != IoStatus::ok) co_return false;
    const std::string_view fresh(worker_.scratch.data(), got.bytes);
    if (input_.empty()) {
      input_ = fresh;
    } else {
      carry_.erase(0, static_cast<std::size_t>(input_.data() - carry_.data()));
      input_ = carry_.append(fresh);
    }
    co_return true;
  }
}

/// Writes as much of the output as the socket takes. @return ok when all of it is gone.
IoStatus HttpConnection::write_output() {
  while (written_ < output_.size() + large_body_.size()) {
    const std::size_t of_output = std::min(written_, output_.size());
    const std::size_t of_body = written_ - of_output;
    const std::array parts{
        iovec{output_.data() + of_output, output_.size() - of_output},
        iovec{large_body_.data() + of_body, large_body_.size() - of_body},
    };
    const IoResult done = stream_->write_some(parts);
    if (done.status != IoStatus::ok) return done.status;
    written_ += done.bytes;
  }
  written_ = 0;
  output_.clear();
  if (!large_body_.empty()) large_body_ = {};
  if (output_.capacity() > kKeptOutputBytes) output_ = {};
  return stream_->has_pending() ? stream_->flush().status : IoStatus::ok;
}

/// Waits until all output is gone. @return whether the connection can go on.
asio::awaitable<bool> HttpConnection::flush() {
  settle_input();
  for (;;) {
    const IoStatus status = write_output();
    if (status == IoStatus::ok) co_return true;
    if (status != IoStatus::would_block) co_return false;
    const auto ec = co_await stream_->wait_writable();
    if (ec) co_return false;
  }
}

asio::awaitable<void> HttpConnection::discard_input() {
  for (;;) {
    const auto ec = co_await stream_->wait_readable();
    if (ec) co_return;
    const IoStatus status = stream_->read_some(worker_.scratch).status;
    if (status == IoStatus::eof || status == IoStatus::error) co_return;
  }
}

/// Lets the client finish reading: closing with unread input would reset the connection, and the
/// reset may overtake the answer.
asio::awaitable<void> HttpConnection::drain() {
  using namespace asio::experimental::awaitable_operators;
  stream_->shutdown_send();
  asio::steady_timer timer(worker_.executor, worker_.shared->options.drain_time);
  co_await (discard_input() || timer.async_wait(asio::use_awaitable));
}

}  // namespace nsq::net
