// The consuming commands: SUB, RDY, FIN, REQ, TOUCH, CLS.

#include <algorithm>

#include <fmt/core.h>

#include "common/wire/number.hpp"
#include "nsqd/session/protocol.hpp"

namespace nsqd {

namespace wire = nsq::wire;

Protocol::Step Protocol::sub(const CommandLine& line, nsq::Now now) {
  if (state_ != State::init) return fail(wire::wrong_state(line.name));
  if (settings_.heartbeat_interval == nsq::Nanoseconds::zero()) {
    return fail(wire::invalid("cannot SUB with heartbeats disabled"));
  }
  if (line.param_count < 2) return fail(wire::too_few_params(Command::sub));
  const auto topic = wire::TopicName::parse(line.params[0]);
  if (!topic) return fail(wire::bad_topic(Command::sub, line.params[0]));
  const auto channel = wire::ChannelName::parse(line.params[1]);
  if (!channel) return fail(wire::bad_channel(Command::sub, line.params[1]));
  const Step allowed = authorize(Command::sub, topic->view(), channel->view(), now);
  if (allowed != Step::done) return allowed;

  ConsumerOptions options;
  options.connection = client_->connection();
  options.msg_timeout = settings_.msg_timeout;
  options.sample_rate = settings_.sample_rate;
  options.locality = locality_;
  auto consumer = std::make_shared<Consumer>(options, host_.waker());
  auto subscription = context_.broker.subscribe(*topic, *channel, consumer);
  if (!subscription) {
    if (subscription.error().code == nsq::Errc::too_many_consumers) {
      return fail(wire::command_failed(
          Command::sub, fmt::format("consumers for {}:{} exceeds limit of {}", topic->view(),
                                    channel->view(), context_.options.max_channel_consumers)));
    }
    return fail(wire::command_failed(Command::sub, subscription.error().text()));
  }
  consumer_ = std::move(consumer);
  subscription_ = std::move(*subscription);
  state_ = State::subscribed;
  client_->set_state(static_cast<int>(state_));
  replies_.add_frame(wire::FrameType::response, wire::kOk);
  return Step::done;
}

Protocol::Step Protocol::rdy(const CommandLine& line) {
  if (state_ == State::closing) return Step::done;  // it said CLS: spec/nsqd.md 1.5
  if (state_ != State::subscribed) return fail(wire::wrong_state(line.name));
  std::int64_t count = 1;
  if (line.param_count > 0) {
    const auto parsed = wire::parse_decimal(line.params[0]);
    if (!parsed)
      return fail(wire::invalid(fmt::format("RDY could not parse count {}", line.params[0])));
    count = static_cast<std::int64_t>(*parsed);
  }
  const std::int64_t max = context_.options.max_rdy_count;
  if (count < 0 || count > max) {
    return fail(wire::invalid(fmt::format("RDY count {} out of range 0-{}", count, max)));
  }
  subscription_.channel->set_ready(*consumer_, count);
  return Step::done;
}

Protocol::Step Protocol::fin(const CommandLine& line, nsq::Now now) {
  if (state_ == State::init) return fail(wire::wrong_state(line.name));
  const auto id = wire::MessageId::from(line.params[0]);
  if (!id) {
    flush_fins(now);  // their answers come before this error, which is the last
    return fail(line.param_count < 1 ? wire::too_few_params(Command::fin)
                                     : wire::invalid_message_id());
  }
  context_.io.scratch().ids.push_back(*id);
  return Step::done;
}

void Protocol::flush_fins(nsq::Now now) {
  auto& ids = context_.io.scratch().ids;
  if (ids.empty()) return;
  auto& failures = context_.io.scratch().failures;
  failures.clear();
  subscription_.channel->finish(*consumer_, ids, failures,
                                {now.wall, &context_.io.metrics().finish_latency});
  ids.clear();
  for (const auto& failure : failures) {
    fail(wire::message_failed(Command::fin, failure.id.view(),
                              make_error_code(failure.why).message()));
  }
}

Protocol::Step Protocol::req(const CommandLine& line, nsq::Now now) {
  if (state_ == State::init) return fail(wire::wrong_state(line.name));
  if (line.param_count < 2) return fail(wire::too_few_params(Command::req));
  const auto id = wire::MessageId::from(line.params[0]);
  if (!id) return fail(wire::invalid_message_id());
  const auto parsed = wire::parse_decimal(line.params[1]);
  if (!parsed)
    return fail(wire::invalid(fmt::format("REQ could not parse timeout {}", line.params[1])));
  // Compared as milliseconds first, so that no number can overflow as nanoseconds.
  const auto max =
      std::chrono::duration_cast<nsq::Milliseconds>(context_.options.max_req_timeout).count();
  const auto ms = std::clamp<std::int64_t>(static_cast<std::int64_t>(*parsed), 0, max);
  if (ms != static_cast<std::int64_t>(*parsed)) {
    context_.log.info("[{}] REQ timeout {} out of range 0-{}. Setting to {}", remote_address_,
                      *parsed, max, ms);
  }
  Effects effects;
  const auto result =
      subscription_.topic->requeue(*subscription_.channel, *consumer_, *id, nsq::Milliseconds(ms),
                                   context_.io.commits(), now, effects);
  effects.run();
  return answered(Command::req, *id, result);
}

Protocol::Step Protocol::touch(const CommandLine& line, nsq::Now now) {
  if (state_ == State::init) return fail(wire::wrong_state(line.name));
  if (line.param_count < 1) return fail(wire::too_few_params(Command::touch));
  const auto id = wire::MessageId::from(line.params[0]);
  if (!id) return fail(wire::invalid_message_id());
  return answered(Command::touch, *id, subscription_.channel->touch(*consumer_, *id, now));
}

Protocol::Step Protocol::answered(Command command, const wire::MessageId& id,
                                  const nsq::Result<void>& result) {
  if (result) return Step::done;
  return fail(wire::message_failed(command, id.view(), result.error().text()));
}

Protocol::Step Protocol::cls() {
  if (state_ != State::subscribed) return fail(wire::wrong_state("CLS"));
  subscription_.channel->close_consumer(*consumer_);
  state_ = State::closing;
  client_->set_state(static_cast<int>(state_));
  replies_.add_frame(wire::FrameType::response, wire::kCloseWait);
  return Step::done;
}

}  // namespace nsqd
