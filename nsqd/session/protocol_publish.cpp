// The publishing commands: PUB, MPUB, DPUB.

#include <chrono>

#include <fmt/core.h>

#include "common/wire/number.hpp"
#include "nsqd/session/protocol.hpp"

namespace nsqd {

namespace wire = nsq::wire;

bool Protocol::select_topic(std::string_view name) {
  if (topic_name_ && *topic_name_ == name) return true;
  auto parsed = wire::TopicName::parse(name);
  if (!parsed) return false;
  topic_name_ = std::move(*parsed);
  topic_.reset();
  topic_allowed_ = false;
  return true;
}

bool Protocol::open_topic() {
  if (topic_) return true;
  auto topic = context_.broker.get_or_create_topic(*topic_name_);
  if (!topic) return false;
  topic_ = std::move(*topic);
  return true;
}

template <class Publish>
Protocol::Step Protocol::publish_with(Command command, std::uint32_t replies, Publish&& publish,
                                      std::size_t messages) {
  // A topic that was deleted since is created anew, once.
  for (int tries = 0; tries < 2 && open_topic(); ++tries) {
    Effects effects;
    const auto ticket = publish(*topic_, effects);
    effects.run();
    if (!ticket && ticket.error().code != nsq::Errc::exiting) {
      return fail(wire::command_failed(command, ticket.error().text()));
    }
    if (!ticket) {
      topic_.reset();
      continue;
    }
    client_->count_publish(topic_name_->view(), messages);
    replies_.add_publish(command, replies, *ticket);
    if (*ticket > awaited_) {
      awaited_ = *ticket;
      host_.await_commit(*ticket);
    }
    return Step::done;
  }
  return fail(wire::command_failed(command, "exiting"));
}

Protocol::Step Protocol::pub(const CommandLine& line, std::string_view rest, nsq::Now now) {
  const std::int64_t max_size = context_.options.max_msg_size;
  if (topic_name_ && line.param_count > 0 && *topic_name_ == line.params[0] && may_publish(now))
      [[likely]] {
    const auto body = wire::parse_sized_body(rest, max_size);
    if (body.status == wire::BodyStatus::complete) [[likely]] {
      body_bytes_ = body.consumed;
      context_.io.scratch().bodies.push_back(body.body);
      return Step::done;
    }
  }
  // Another topic, an error or an incomplete body: what was gathered goes, and is answered, first.
  if (flush_publishes(now) == Step::end) return Step::end;
  if (line.param_count < 1) return fail(wire::too_few_params(Command::pub));
  if (!select_topic(line.params[0])) return fail(wire::bad_topic(Command::pub, line.params[0]));
  const Step body = read_body(Command::pub, rest, max_size);
  if (body != Step::done) return body;
  const Step allowed = authorize(Command::pub, topic_name_->view(), {}, now);
  if (allowed == Step::done) context_.io.scratch().bodies.push_back(body_);
  return allowed;
}

Protocol::Step Protocol::flush_publishes(nsq::Now now) {
  auto& bodies = context_.io.scratch().bodies;
  if (bodies.empty()) return Step::done;
  const Step step = publish(Command::pub, bodies, now);
  bodies.clear();
  return step;
}

Protocol::Step Protocol::mpub(const CommandLine& line, std::string_view rest, nsq::Now now) {
  if (line.param_count < 1) return fail(wire::too_few_params(Command::mpub));
  if (!select_topic(line.params[0])) return fail(wire::bad_topic(Command::mpub, line.params[0]));
  const Step allowed = authorize(Command::mpub, topic_name_->view(), {}, now);
  if (allowed != Step::done) return allowed;
  // The topic exists from here on, whatever becomes of the body: spec/nsqd.md 1.7.
  if (!open_topic()) return fail(wire::command_failed(Command::mpub, "exiting"));
  if (!mpub_) {
    mpub_ = std::make_unique<wire::MpubParser>(
        wire::MpubLimits{context_.options.max_msg_size, context_.options.max_body_size});
  }
  switch (mpub_->advance(rest)) {
    case wire::BodyStatus::need_more:
      return wait_for(Command::mpub, mpub_->fault(), line_bytes_ + mpub_->needed());
    case wire::BodyStatus::rejected:
      return fail(wire::body_error(Command::mpub, mpub_->fault()));
    case wire::BodyStatus::complete:
      break;
  }
  auto& bodies = context_.io.scratch().bodies;
  for (const auto message : mpub_->messages(rest)) bodies.push_back(message);
  body_bytes_ = mpub_->consumed();
  mpub_.reset();
  const Step step = publish(Command::mpub, bodies, now);
  bodies.clear();
  return step;
}

Protocol::Step Protocol::dpub(const CommandLine& line, std::string_view rest, nsq::Now now) {
  if (line.param_count < 2) return fail(wire::too_few_params(Command::dpub));
  if (!select_topic(line.params[0])) return fail(wire::bad_topic(Command::dpub, line.params[0]));
  const auto ms = wire::parse_decimal(line.params[1]);
  if (!ms) {
    return fail(wire::invalid(fmt::format("DPUB could not parse timeout {}", line.params[1])));
  }
  const auto max_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<nsq::Milliseconds>(context_.options.max_req_timeout).count());
  if (*ms > max_ms) {
    return fail(wire::invalid(fmt::format("DPUB timeout {} out of range 0-{}", *ms, max_ms)));
  }
  const Step body = read_body(Command::dpub, rest, context_.options.max_msg_size);
  if (body != Step::done) return body;
  const Step allowed = authorize(Command::dpub, topic_name_->view(), {}, now);
  if (allowed != Step::done) return allowed;
  if (*ms == 0) return publish(Command::dpub, {&body_, 1}, now);
  const auto delay = nsq::Milliseconds(static_cast<std::int64_t>(*ms));
  return publish_with(Command::dpub, 1, [&](Topic& topic, Effects& effects) {
    return topic.publish_deferred(body_, delay, context_.io.commits(), now, effects);
  });
}

Protocol::Step Protocol::publish(Command command, std::span<const std::string_view> bodies,
                                 nsq::Now now) {
  // A PUB is answered one by one, a batch once.
  const auto replies = command == Command::mpub ? 1U : static_cast<std::uint32_t>(bodies.size());
  const auto messages = bodies.size();
  return publish_with(
      command, replies,
      [&](Topic& topic, Effects& effects) {
        return topic.publish(bodies, context_.io.commits(), now, effects);
      },
      messages);
}

}  // namespace nsqd
