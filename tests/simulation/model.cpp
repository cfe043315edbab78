#include "tests/simulation/model.hpp"

#include <utility>

namespace nsqd::sim {

std::uint64_t& ModelChannel::count(Place place) {
  switch (place) {
    case Place::waiting:
      return waiting;
    case Place::in_flight:
      return in_flight;
    case Place::deferred:
      break;
  }
  return deferred;
}

void ModelChannel::move(Held& held, Place to) {
  --count(held.place);
  held.place = to;
  ++count(to);
}

void ModelChannel::enter(Offset offset) {
  messages.emplace(offset, Held{});
  ++waiting;
  ++entered;
}

void ModelChannel::enter_deferred(Offset offset, nsq::MonoTime due) {
  messages.emplace(offset, Held{.place = Place::deferred, .when = due});
  ++deferred;
  ++entered;
}

void ModelChannel::deliver(Offset offset, std::uint64_t owner, nsq::MonoTime now,
                           nsq::Nanoseconds timeout) {
  constexpr std::size_t kRemembered = 64;
  Held& held = messages.at(offset);
  move(held, Place::in_flight);
  if (held.attempts < 65'535) ++held.attempts;
  held.owner = owner;
  held.delivered = now;
  held.when = now + timeout;
  if (delivered.size() < kRemembered) {
    delivered.push_back(offset);
  } else {
    delivered[offset % kRemembered] = offset;
  }
}

void ModelChannel::finish(Offset offset) {
  messages.erase(offset);
  --in_flight;
}

void ModelChannel::requeue(Offset offset, nsq::Nanoseconds delay, nsq::MonoTime now) {
  Held& held = messages.at(offset);
  move(held, delay > nsq::Nanoseconds::zero() ? Place::deferred : Place::waiting);
  held.when = now + delay;
  ++requeued;
}

std::map<std::uint64_t, std::int64_t> ModelChannel::expire(nsq::MonoTime now) {
  std::map<std::uint64_t, std::int64_t> owners;
  if (in_flight + deferred == 0) return owners;
  for (auto& [offset, held] : messages) {
    if (held.place == Place::waiting || held.when > now) continue;
    if (held.place == Place::in_flight) {
      ++timed_out;
      ++owners[held.owner];
    }
    move(held, Place::waiting);
  }
  return owners;
}

void ModelChannel::empty() {
  messages.clear();
  waiting = in_flight = deferred = 0;
}

const Held* ModelChannel::find_in_flight(Offset offset) const {
  const auto held = messages.find(offset);
  if (held == messages.end() || held->second.place != Place::in_flight) return nullptr;
  return &held->second;
}

void ModelTopic::publish(std::int64_t timestamp, nsq::Nanoseconds delay, nsq::MonoTime now) {
  const Offset offset = published.size();
  published.push_back({timestamp, 0});
  if (delay > nsq::Nanoseconds::zero()) {
    held_deferred.emplace_back(offset, now + delay);
  } else {
    held.push_back(offset);
  }
  release(now);
}

void ModelTopic::release(nsq::MonoTime now) {
  if (paused || channels.empty()) return;
  for (auto& [name, channel] : channels) {
    for (const Offset offset : held) channel.enter(offset);
    for (const auto& [offset, due] : held_deferred) {
      if (due <= now) {
        channel.enter(offset);
      } else {
        channel.enter_deferred(offset, due);
      }
    }
  }
  held.clear();
  held_deferred.clear();
}

}  // namespace nsqd::sim
