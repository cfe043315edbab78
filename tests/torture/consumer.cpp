#include "tests/torture/consumer.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tests/support/eventually.hpp"

namespace nsq::torture {
namespace {

using std::chrono::milliseconds;

constexpr Nanos kMillisecond = 1'000'000;
constexpr std::string_view kMarker = "marker#ephemeral";
constexpr std::uint16_t kPatience = 4;  // attempts, after which a message is finished at once
constexpr std::size_t kPendingBeforeMarker = 50;
constexpr Nanos kMarkerInterval = 30 * kMillisecond;

}  // namespace

Consumer::Consumer(World& world, std::size_t topic, std::size_t channel, std::uint64_t stream)
    : world_(world),
      ledger_(*world.ledgers[topic]),
      topic_(topic),
      channel_(channel),
      who_(fmt::format("consumer {} of {}/{}", stream, ledger_.plan().name,
                       ledger_.plan().channels[channel].name)),
      random_(world.seed, stream) {}

void Consumer::run() {
  serve(world_, who_, [this] { session(); });
}

// All consumers of a channel stay away from the same runs, so that it has none.
bool Consumer::stays_away() const {
  const std::uint64_t place = topic_ * 100 + channel_;
  const auto run = static_cast<std::uint64_t>(world_.stage.run());
  return mixed(world_.seed + place, run) % 4 == 0;
}

void Consumer::session() {
  settle_unknown();
  const bool working = world_.stage.phase() == Phase::working;
  if (!ledger_.is_created(channel_) || (working && stays_away())) {
    world_.stage.rest(milliseconds(50));
    return;
  }
  if (working && random_.chance(20)) world_.stage.rest(milliseconds(random_.between(50, 500)));
  std::optional<Link> link = Link::open(world_.tcp_port);
  if (!link || !subscribe(*link)) {
    world_.stage.rest(milliseconds(10));
    return;
  }
  serve_until_enough(*link);
  if (!link->ended() && (world_.stage.phase() == Phase::leaving || random_.chance(50))) {
    leave(*link);
  }
  // Without a word: what is held times out, and what was sent may or may not be taken.
  settle_unknown();
}

bool Consumer::subscribe(Link& link) {
  const auto& plan = ledger_.plan();
  link.send(test::identify(
      fmt::format(R"({{"client_id":"torture","msg_timeout":{}}})", random_.between(1000, 2000))));
  link.send(test::sub(plan.name, plan.channels[channel_].name));
  for (int answers = 0; answers < 2; ++answers) {
    const auto frame = link.await_next();
    if (!frame) return false;
    if (*frame == test::ok()) continue;
    if (!is_stopping(frame->data)) {
      world_.report.violation("a consumer was refused", who_ + ": " + frame->data);
    }
    return false;
  }
  constexpr std::array kReady{1, 5, 50, 500};
  const bool draining = world_.stage.phase() == Phase::draining;
  link.send(test::rdy(draining ? kReady.back() : kReady[random_.below(kReady.size())]));
  return true;
}

void Consumer::serve_until_enough(Link& link) {
  const bool working = world_.stage.phase() == Phase::working;
  const Nanos enough = now() + random_.between<Nanos>(100, 2500) * kMillisecond;
  while (!link.ended() && world_.stage.is_open() && (!working || now() < enough)) {
    link.receive(milliseconds(5));
    silent_ = link.ended();
    take_frames(link);
    if (silent_) break;
    release_held();
    const bool due = unmarked_ > 0 && now() - marked_at_ > kMarkerInterval;
    if (due || unmarked_ >= kPendingBeforeMarker) add_marker();
    flush(link);
  }
  if (world_.stage.phase() != Phase::down) return;
  // The daemon is gone or going: what it still said is in the socket, up to its end.
  silent_ = true;
  while (!link.ended()) {
    link.receive(test::kDeadline);
    take_frames(link);
  }
}

// Settles what is open, so that it is known to the last message what was taken.
void Consumer::leave(Link& link) {
  out_ += test::rdy(0);
  if (random_.chance(50)) {
    for (const Held& held : held_) finish(held.sequence, held.id, held.attempts);
  }
  held_.clear();
  add_marker();
  flush(link);
  silent_ = true;  // what still comes stays in flight
  while (!markers_.empty()) {
    const auto frame = link.await_next();
    if (!frame) return;
    if (frame->type != 2) {
      take(*frame);
    } else {
      take_message(*frame, now());  // crossed the RDY 0
    }
  }
}

void Consumer::take_frames(Link& link) {
  const Nanos received_at = now();
  while (auto frame = link.next()) {
    if (frame->type == 2) {
      take_message(*frame, received_at);
    } else {
      take(*frame);
    }
  }
}

void Consumer::take(const test::Frame& frame) {
  if (frame == test::ok() && !markers_.empty()) {
    marker_answered();
  } else if (frame.type == 1) {
    take_error(frame.data);
  } else {
    world_.report.violation("an unexpected answer", who_ + ": " + frame.data.substr(0, 200));
  }
}

void Consumer::take_message(const test::Frame& frame, Nanos received_at) {
  const auto message = parse_message(frame);
  if (!message) {
    world_.report.violation("a message that is too short", who_);
    return;
  }
  const auto sequence = ledger_.delivered(channel_, *message, received_at);
  if (!sequence) return;
  forget_requeues_of(*sequence);
  if (!silent_) decide(*sequence, *message);
}

// E_FIN_FAILED FIN <id> failed ..., and the same of REQ and TOUCH: the message had timed out.
void Consumer::take_error(const std::string& text) {
  const bool of_finish = text.starts_with("E_FIN_FAILED FIN ");
  if (!of_finish && !text.starts_with("E_REQ_FAILED REQ ")) {
    if (text.starts_with("E_TOUCH_FAILED TOUCH ")) return;
    if (is_stopping(text)) return;
    world_.report.violation("an unexpected error", who_ + ": " + text);
    return;
  }
  const std::string id = text.substr(std::string_view("E_FIN_FAILED FIN ").size(), 16);
  const Action action = of_finish ? Action::finish : Action::requeue;
  const auto refused = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& entry) {
    return entry.action == action && entry.id == id && !entry.settled;
  });
  if (refused == pending_.end()) return;
  refused->settled = true;
  if (of_finish) {
    ledger_.finish_refused(channel_, refused->sequence);
  } else {
    ledger_.requeue_void(channel_, refused->sequence);
  }
}

void Consumer::decide(Sequence sequence, const test::Message& message) {
  const int dice = random_.between(0, 99);
  if (world_.stage.phase() != Phase::working || message.attempts > kPatience || dice < 70) {
    finish(sequence, message.id, message.attempts);
  } else if (dice < 78) {
    hold(sequence, message, random_.between<Nanos>(10, 500) * kMillisecond, false);
  } else if (dice < 84) {
    requeue(sequence, message, 0);
  } else if (dice < 91) {
    requeue(sequence, message, random_.between(1, 3000));
  } else if (dice < 95) {
    hold(sequence, message, random_.between<Nanos>(300, 900) * kMillisecond, true);
  } else if (dice < 97) {
    hold(sequence, message, random_.between<Nanos>(900, 2500) * kMillisecond, false);
  }  // else it times out
}

void Consumer::hold(Sequence sequence, const test::Message& message, Nanos time, bool touch) {
  held_.push_back({.sequence = sequence,
                   .id = message.id,
                   .attempts = message.attempts,
                   .until = now() + time,
                   .touch = touch});
  if (touch) out_ += test::touch(message.id);
}

void Consumer::finish(Sequence sequence, const std::string& id, std::uint16_t attempts) {
  ledger_.finish_sent(channel_, sequence);
  out_ += test::fin(id);
  pending_.push_back(
      {.action = Action::finish, .sequence = sequence, .id = id, .attempts = attempts});
  ++unmarked_;
}

void Consumer::requeue(Sequence sequence, const test::Message& message, int delay) {
  if (delay > 0) {
    ledger_.requeue_sent(channel_, sequence, message.attempts, now() + delay * kMillisecond);
  }
  out_ += test::req(message.id, std::to_string(delay));
  pending_.push_back({.action = Action::requeue,
                      .sequence = sequence,
                      .id = message.id,
                      .attempts = message.attempts});
  ++unmarked_;
}

// The message came again before its REQ was taken for certain: it had timed out already, so the
// REQ may have been for this delivery, and says nothing about when the next one may come.
void Consumer::forget_requeues_of(Sequence sequence) {
  for (Pending& entry : pending_) {
    if (entry.settled || entry.action != Action::requeue || entry.sequence != sequence) continue;
    entry.settled = true;
    ledger_.requeue_void(channel_, sequence);
  }
}

void Consumer::release_held() {
  const Nanos at = now();
  std::erase_if(held_, [&](const Held& held) {
    if (at < held.until) return false;
    if (held.touch) out_ += test::touch(held.id);
    finish(held.sequence, held.id, held.attempts);
    return true;
  });
}

void Consumer::add_marker() {
  out_ += test::pub(kMarker, "m");
  markers_.push_back(std::exchange(unmarked_, 0));
  marked_at_ = now();
}

void Consumer::marker_answered() {
  for (std::size_t left = markers_.front(); left > 0; --left) {
    const Pending& entry = pending_.front();
    if (!entry.settled && entry.action == Action::finish) {
      ledger_.finished(channel_, entry.sequence, entry.attempts);
    } else if (!entry.settled) {
      ledger_.requeued(channel_, entry.sequence);
    }
    pending_.pop_front();
  }
  markers_.pop_front();
}

void Consumer::settle_unknown() {
  for (const Pending& entry : pending_) {
    if (!entry.settled && entry.action == Action::requeue) {
      ledger_.requeue_void(channel_, entry.sequence);
    }
  }
  pending_.clear();
  markers_.clear();
  held_.clear();
  out_.clear();
  unmarked_ = 0;
  silent_ = false;
}

void Consumer::flush(Link& link) {
  if (!out_.empty()) link.send(std::exchange(out_, {}));
}

}  // namespace nsq::torture
