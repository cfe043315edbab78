#include "nsqd/session/protocol.hpp"

#include <utility>

#include <fmt/core.h>

#include "common/wire/frame.hpp"

namespace nsqd {

using nsq::wire::FrameType;
using nsq::wire::LineStatus;

Protocol::Protocol(SessionContext& context, ProtocolHost& host, std::string remote_address)
    : context_(context),
      host_(host),
      remote_address_(std::move(remote_address)),
      settings_(default_settings(context.options)) {}

Protocol::~Protocol() = default;

std::size_t Protocol::consume(std::string_view in, nsq::Now now) {
  const std::size_t all = in.size();
  if (!client_ && !read_magic(in, now)) return all - in.size();
  Step step = Step::done;
  while (step == Step::done && !in.empty() && !layers_.any()) {
    CommandLine line;
    const LineStatus status = nsq::wire::parse_command_line(in, line);
    if (status == LineStatus::need_more) break;
    if (status == LineStatus::too_long) {
      step = Step::end;  // without a frame: spec/nsqd.md 1.2
      break;
    }
    line_bytes_ = line.consumed;
    body_bytes_ = 0;
    step = execute(line, in.substr(line.consumed), now);
    if (step != Step::done) break;
    if_cut_off_.reset();
    needed_ = 0;
    in.remove_prefix(line.consumed + body_bytes_);
  }
  if (finish_batches(now) == Step::end) step = Step::end;
  if (step == Step::end) ended_ = true;
  return all - in.size();
}

bool Protocol::read_magic(std::string_view& in, nsq::Now now) {
  if (in.size() < nsq::wire::kMagicV2.size()) return false;
  const std::string_view magic = in.substr(0, nsq::wire::kMagicV2.size());
  if (magic != nsq::wire::kMagicV2) {
    ended_ = true;
    context_.log.error("client({}) - bad protocol magic", remote_address_);
    replies_.add_frame(FrameType::error, nsq::wire::bad_protocol().text());
    return false;
  }
  context_.log.info("CLIENT({}): desired protocol magic '  V2'", remote_address_);
  client_ = context_.clients.add(remote_address_, now.wall);
  in.remove_prefix(magic.size());
  return true;
}

Protocol::Step Protocol::execute(const CommandLine& line, std::string_view rest, nsq::Now now) {
  if (lacks_tls() && line.command != Command::identify) {
    return fail(nsq::wire::tls_required(line.name));
  }
  if (consumer_ && login_) {
    if (const Step step = check_subscription(now); step != Step::done) return step;
  }
  // Publishes and FINs gather; whatever else comes in between ends the batch, so that commands take
  // effect, and are answered, in their order.
  if (line.command == Command::pub) {
    flush_fins(now);
    return pub(line, rest, now);
  }
  if (flush_publishes(now) == Step::end) return Step::end;
  if (line.command == Command::fin) return fin(line, now);
  flush_fins(now);
  switch (line.command) {
    case Command::identify:
      return identify(rest);
    case Command::auth:
      return auth(line, rest, now);
    case Command::sub:
      return sub(line, now);
    case Command::mpub:
      return mpub(line, rest, now);
    case Command::dpub:
      return dpub(line, rest, now);
    case Command::rdy:
      return rdy(line);
    case Command::req:
      return req(line, now);
    case Command::touch:
      return touch(line, now);
    case Command::nop:
      return Step::done;
    case Command::cls:
      return cls();
    case Command::pub:
    case Command::fin:
    case Command::unknown:
      break;
  }
  return fail(nsq::wire::invalid_command(line.name));
}

void Protocol::cut_off() {
  if (ended()) return;
  if (if_cut_off_) {
    fail(*if_cut_off_);
  }
  ended_ = true;
}

void Protocol::add_heartbeat() {
  replies_.add_frame(FrameType::response, nsq::wire::kHeartbeat);
}

PullResult Protocol::pull(nsq::Now now, PullLimits limits, std::vector<Run>& out) {
  if (!consumer_) return {};
  Effects effects;
  const PullResult result = subscription_.channel->pull(consumer_, now, limits, out, effects);
  effects.run();
  return result;
}

void Protocol::decline() {
  if (!consumer_) return;
  Effects effects;
  subscription_.channel->decline(*consumer_, effects);
  effects.run();
}

void Protocol::leave() {
  if (consumer_) context_.broker.unsubscribe(subscription_, consumer_);
  consumer_.reset();
  subscription_ = {};
}

Protocol::Step Protocol::finish_batches(nsq::Now now) {
  flush_fins(now);
  return flush_publishes(now);
}

Protocol::Step Protocol::fail(const ProtocolError& error) {
  context_.log.error("[{}] - {}", remote_address_, error.text());
  context_.io.metrics().protocol_errors.count(error.code);
  replies_.add_frame(FrameType::error, error.text());
  return error.fatal ? Step::end : Step::done;
}

Protocol::Step Protocol::wait_for(Command command, const nsq::wire::BodyFault& fault,
                                  std::size_t needed) {
  if_cut_off_ = nsq::wire::body_error(command, fault);
  needed_ = needed;
  return Step::need_more;
}

Protocol::Step Protocol::read_body(Command command, std::string_view rest, std::int64_t max_size) {
  const auto body = nsq::wire::parse_sized_body(rest, max_size);
  switch (body.status) {
    case nsq::wire::BodyStatus::need_more:
      return wait_for(command, body.fault, line_bytes_ + body.needed);
    case nsq::wire::BodyStatus::rejected:
      return fail(nsq::wire::body_error(command, body.fault));
    case nsq::wire::BodyStatus::complete:
      break;
  }
  body_ = body.body;
  body_bytes_ = body.consumed;
  return Step::done;
}

}  // namespace nsqd
