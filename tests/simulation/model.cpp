#include "tests/simulation/model.hpp"

#include <algorithm>
#include <utility>

namespace nsqd::sim {
namespace {

/// Whether a crash leaves it for sure.
bool survives(const Held& held, const Published& published) {
  return held.sure && held.durable && published.fate == Published::Fate::acknowledged;
}

}  // namespace

template <class Change>
void ModelChannel::change(Held& held, Change&& how) {
  --counter(held);
  how();
  ++counter(held);
}

std::uint64_t ModelChannel::at_most_waiting() const noexcept {
  return count(Place::waiting, true) + count(Place::waiting, false) + count(Place::either, true) +
         count(Place::either, false);
}

std::uint64_t ModelChannel::rest() const noexcept {
  return count(Place::waiting, true) + count(Place::deferred, true) + count(Place::either, true);
}

std::uint64_t ModelChannel::doubtful() const noexcept {
  return count(Place::waiting, false) + count(Place::deferred, false) + count(Place::either, false);
}

void ModelChannel::enter(Serial serial, const Held& held) {
  messages_.emplace(serial, held);
  ++counter(messages_.at(serial));
  ++entered;
}

void ModelChannel::deliver(Serial serial, std::uint16_t attempts, std::uint64_t owner,
                           nsq::MonoTime now, nsq::Nanoseconds timeout) {
  constexpr std::size_t kRemembered = 64;
  Held& held = messages_.at(serial);
  change(held, [&] {
    held.place = Place::in_flight;
    held.sure = true;
  });
  held.attempts = attempts < 65'535 ? static_cast<std::uint16_t>(attempts + 1) : attempts;
  held.least_attempts = held.attempts;
  held.owner = owner;
  held.delivered = now;
  held.when = now + timeout;
  held.deferral = 0;
  if (delivered.size() < kRemembered) {
    delivered.push_back(serial);
  } else {
    delivered[serial % kRemembered] = serial;
  }
}

void ModelChannel::finish(Serial serial) {
  const auto found = messages_.find(serial);
  --counter(found->second);
  ghosts_.insert_or_assign(serial, found->second);
  messages_.erase(found);
}

std::uint64_t ModelChannel::requeue(Serial serial, nsq::Nanoseconds delay, nsq::MonoTime now) {
  Held& held = messages_.at(serial);
  const bool later = delay > nsq::Nanoseconds::zero();
  change(held, [&] { held.place = later ? Place::deferred : Place::waiting; });
  held.when = now + delay;
  held.deferral = later ? ++last_deferral_ : 0;
  ++requeued;
  return held.deferral;
}

void ModelChannel::deferral_kept(Serial serial, std::uint64_t deferral) {
  const auto found = messages_.find(serial);
  if (found != messages_.end() && found->second.deferral == deferral) found->second.deferral = 0;
}

void ModelChannel::doubt(Serial serial) {
  ghosts_.erase(serial);
  const auto found = messages_.find(serial);
  if (found == messages_.end()) return;
  // A message that was deferred since is in the log after all, and memory has what is in flight.
  if (found->second.place == Place::deferred && found->second.attempts > 0) return;
  if (found->second.place == Place::in_flight) return;
  change(found->second, [&] { found->second.sure = false; });
}

void ModelChannel::drop_doubtful() {
  std::erase_if(messages_, [&](auto& each) {
    if (each.second.sure) return false;
    --counter(each.second);
    return true;
  });
}

std::map<std::uint64_t, std::int64_t> ModelChannel::expire(nsq::MonoTime now) {
  std::map<std::uint64_t, std::int64_t> owners;
  if (in_flight() + count(Place::deferred, true) + count(Place::deferred, false) == 0) {
    return owners;
  }
  for (auto& [serial, held] : messages_) {
    if (held.when > now) continue;
    if (held.place == Place::in_flight) {
      ++timed_out;
      ++owners[held.owner];
      change(held, [&h = held] { h.place = Place::waiting; });
    } else if (held.place == Place::deferred) {
      change(held, [&h = held] { h.place = Place::either; });
    }
  }
  return owners;
}

void ModelChannel::nothing_is_late(nsq::MonoTime now) {
  if (count(Place::either, true) + count(Place::either, false) == 0) return;
  for (auto& [serial, held] : messages_) {
    if (held.place != Place::either || held.when > now) continue;
    change(held, [&h = held] { h.place = Place::waiting; });
  }
}

void ModelChannel::empty() {
  for (const auto& [serial, held] : messages_) ghosts_.insert_or_assign(serial, held);
  messages_.clear();
  counts_ = {};
}

void ModelChannel::saved() {
  ghosts_.clear();
  for (auto& [serial, held] : messages_) held.saved_attempts = held.least_attempts;
}

void ModelChannel::restart(bool crash, const std::vector<Published>& published) {
  if (crash) {
    for (const auto& [serial, ghost] : ghosts_) {
      Held back = ghost;
      back.sure = false;
      back.place = Place::either;
      messages_.emplace(serial, back);
    }
  }
  ghosts_.clear();
  delivered.clear();
  counts_ = {};
  for (auto& [serial, held] : messages_) {
    const bool in_time = held.place == Place::deferred && (!crash || held.deferral == 0);
    if (!in_time) {
      if (held.place == Place::in_flight) held.when = {};
      held.place = Place::either;
    }
    if (crash) {
      held.sure = survives(held, published.at(serial));
      held.least_attempts = std::min(held.saved_attempts, held.least_attempts);
    }
    held.deferral = 0;
    ++counter(held);
  }
}

const Held* ModelChannel::find_in_flight(Serial serial) const {
  const auto held = messages_.find(serial);
  if (held == messages_.end() || held->second.place != Place::in_flight) return nullptr;
  return &held->second;
}

void ModelTopic::publish(Published how, bool durable, nsq::Nanoseconds delay, nsq::MonoTime now) {
  const Serial serial = published.size();
  published.push_back(how);
  Held message;
  message.durable = durable;
  if (delay > nsq::Nanoseconds::zero()) message.place = Place::deferred;
  message.when = now + delay;
  held.emplace(serial, message);
  release();
}

void ModelTopic::doubt(Serial serial) {
  const auto found = held.find(serial);
  if (found != held.end()) {
    found->second.sure = false;
    counts_known = false;  // the channels may or may not count it
  }
  for (auto& [name, channel] : channels) channel.doubt(serial);
}

void ModelTopic::release() {
  if (paused || channels.empty()) return;
  for (auto& [name, channel] : channels) {
    for (const auto& [serial, message] : held) channel.enter(serial, message);
  }
  held.clear();
}

void ModelTopic::expire(nsq::MonoTime now) {
  for (auto& [serial, message] : held) {
    if (message.place == Place::deferred && message.when <= now) message.place = Place::either;
  }
}

std::uint64_t ModelTopic::held_for_sure() const {
  return static_cast<std::uint64_t>(
      std::count_if(held.begin(), held.end(), [](const auto& each) { return each.second.sure; }));
}

void ModelTopic::drop_doubtful_held() {
  std::erase_if(held, [](const auto& each) { return !each.second.sure; });
}

void ModelTopic::restart(bool crash) {
  counts_known = false;
  for (auto& [serial, message] : held) {
    if (message.place == Place::waiting) message.place = Place::either;
    if (crash) message.sure = survives(message, published.at(serial));
  }
  for (auto& [name, channel] : channels) channel.restart(crash, published);
}

}  // namespace nsqd::sim
