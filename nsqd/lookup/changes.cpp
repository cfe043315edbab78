#include "nsqd/lookup/changes.hpp"

#include <utility>

#include <fmt/format.h>

namespace nsqd {

using nsq::MutexLock;

namespace {

std::string command(std::string_view verb, std::string_view topic, std::string_view channel) {
  if (channel.empty()) return fmt::format("{} {}", verb, topic);
  return fmt::format("{} {} {}", verb, topic, channel);
}

void register_topic(const Topic& topic, LookupCommands& out) {
  const auto channels = topic.channels();
  if (channels.empty()) out.push_back(command("REGISTER", topic.name().view(), {}));
  for (const auto& channel : channels) {
    out.push_back(command("REGISTER", topic.name().view(), channel->name()));
  }
}

}  // namespace

LookupCommands commands_for(const Change& change, const Broker& broker) {
  LookupCommands out;
  const bool deleted = change.kind == Change::Kind::deleted;
  if (deleted) out.push_back(command("UNREGISTER", change.topic, change.channel));
  const auto topic = broker.find_topic(change.topic);
  if (!topic) return out;
  if (!change.channel.empty()) {
    if (topic->find_channel(change.channel)) {
      out.push_back(command("REGISTER", change.topic, change.channel));
    }
  } else if (deleted) {
    register_topic(*topic, out);  // anew, with the channels that the UNREGISTER took along
  } else {
    out.push_back(command("REGISTER", change.topic, {}));
  }
  return out;
}

LookupCommands all_commands(const Broker& broker) {
  LookupCommands out;
  for (const auto& topic : broker.topics()) register_topic(*topic, out);
  return out;
}

bool ChangeInbox::add(Change change) {
  const MutexLock lock(mutex_);
  const bool first = pending_.changes.empty() && !pending_.overflowed;
  if (pending_.overflowed) return false;
  if (pending_.changes.size() >= limit_) {
    pending_ = {.changes = {}, .overflowed = true};
    return false;
  }
  pending_.changes.push_back(std::move(change));
  return first;
}

ChangeInbox::Taken ChangeInbox::take() {
  const MutexLock lock(mutex_);
  return std::exchange(pending_, {});
}

}  // namespace nsqd
