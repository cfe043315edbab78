#include "tests/torture/topic_ledger.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "tests/torture/random.hpp"

namespace nsq::torture {
namespace {

// How much too early a message may come: clocks are read at both ends, one after the other.
constexpr Nanos kTolerance = 5'000'000;

// What a consumer told the daemon so long before a crash has been written. Four times the
// --sync-timeout that the daemon runs with.
constexpr Nanos kWrittenAfter = 1'000'000'000;

constexpr std::uint16_t kAttemptBits = 32;

double milliseconds(Nanos time) {
  return static_cast<double>(time) / 1e6;
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

}  // namespace

TopicLedger::TopicLedger(TopicPlan plan, std::size_t number, std::uint64_t seed, Report& report)
    : plan_(std::move(plan)),
      number_(number),
      seed_(seed),
      report_(report),
      channels_(plan_.channels.size()) {}

Batch TopicLedger::begin(std::size_t count, std::chrono::milliseconds delay, const char* how) {
  const std::scoped_lock lock(mu_);
  const Batch batch{.first = first_ + records_.size(), .count = count};
  const Record record{
      .sent_at = now(), .delay = std::chrono::nanoseconds(delay).count(), .run = run_, .how = how};
  records_.insert(records_.end(), count, record);
  for (Channel& channel : channels_) channel.claims.resize(records_.size());
  report_.counters.published += count;
  return batch;
}

// The number, and padding that follows from it, so that every byte of a delivery can be checked.
std::string TopicLedger::body(Sequence sequence) const {
  const std::uint64_t dice = mixed(seed_ + number_, sequence);
  const std::size_t padding = dice % 100 == 0 ? dice % 20'000 : dice % 300;
  std::string text = fmt::format("{} ", sequence);
  text.append(padding, static_cast<char>('a' + dice % 26));
  return text;
}

void TopicLedger::acknowledged(const Batch& batch) {
  const std::scoped_lock lock(mu_);
  const Nanos at = now();
  for (std::size_t i = 0; i < batch.count; ++i) record(batch.first + i).answered_at = at;
  report_.counters.acknowledged += batch.count;
}

void TopicLedger::created(std::size_t channel) {
  const std::scoped_lock lock(mu_);
  if (channels_[channel].created_at != 0) return;
  channels_[channel].created_at = now();
  channels_[channel].done = records_.size();  // none of them need come
}

bool TopicLedger::is_created(std::size_t channel) const {
  const std::scoped_lock lock(mu_);
  return channels_[channel].created_at != 0;
}

void TopicLedger::set_paused_all_run(std::size_t channel, bool paused) {
  const std::scoped_lock lock(mu_);
  channels_[channel].paused_all_run = paused;
}

std::string TopicLedger::name(std::size_t channel, Sequence sequence) const {
  std::string text = fmt::format("run {}: {}/{} message {}", run_, plan_.name,
                                 plan_.channels[channel].name, sequence);
  if (forgotten(sequence)) return text;
  const Record& published = record(sequence);
  return text + fmt::format(" (published in run {} by {})", published.run, published.how);
}

std::optional<Sequence> TopicLedger::recognise(std::size_t channel, const test::Message& message) {
  const auto sequence = parse_number(message.body, 10);
  if (sequence && *sequence < first_ + records_.size() && message.body == body(*sequence)) {
    return sequence;
  }
  report_.violation("a body that was not published",
                    fmt::format("{}/{} id {}: {}", plan_.name, plan_.channels[channel].name,
                                message.id, message.body.substr(0, 60)));
  return std::nullopt;
}

std::optional<Sequence> TopicLedger::delivered(std::size_t channel, const test::Message& message,
                                               Nanos received_at) {
  const std::scoped_lock lock(mu_);
  const auto sequence = recognise(channel, message);
  if (!sequence) return std::nullopt;
  ++report_.counters.delivered;
  if (channels_[channel].paused_all_run) {
    report_.violation("delivered although the channel was paused", name(channel, *sequence));
  }
  if (forgotten(*sequence)) {
    if (plan_.lossless) {
      report_.violation("delivered after it was finished and nsqd stopped cleanly",
                        name(channel, *sequence));
    }
    return sequence;
  }
  check_record(channel, *sequence, message, received_at);
  check_claim(channel, *sequence, message.attempts);
  check_requeue(channel, *sequence, message.attempts, received_at);
  return sequence;
}

void TopicLedger::check_record(std::size_t channel, Sequence sequence, const test::Message& message,
                               Nanos received_at) {
  Record& known = record(sequence);
  const auto id = parse_number(message.id, 16);
  if (known.timestamp == 0) {
    known.timestamp = message.timestamp;
    known.id = id.value_or(0);
    const bool late = known.answered_at != 0 && message.timestamp > known.answered_at + kTolerance;
    if (late || message.timestamp < known.sent_at - kTolerance) {
      report_.violation("a timestamp that is not that of the publish", name(channel, sequence));
    }
  }
  if (id != known.id || message.timestamp != known.timestamp) {
    report_.violation(
        "id or timestamp changed",
        fmt::format("{}: id {}, was {:016x}; timestamp {}, was {}", name(channel, sequence),
                    message.id, known.id, message.timestamp, known.timestamp));
  }
  if (known.delay != 0 && received_at < known.timestamp + known.delay - kTolerance) {
    report_early(channel, sequence, known.timestamp + known.delay, received_at, "its publish");
  }
}

void TopicLedger::check_claim(std::size_t channel, Sequence sequence, std::uint16_t attempts) {
  Claim& claimed = claim(channel, sequence);
  const auto run = static_cast<std::uint16_t>(run_);
  if (claimed.deliveries++ > 0) ++report_.counters.redelivered;
  if (claimed.sealed && plan_.lossless) {
    report_.violation("delivered after it was finished and nsqd stopped cleanly",
                      name(channel, sequence));
  } else if (claimed.finished_run == run && attempts > claimed.finished_attempts) {
    report_.violation("delivered after it was finished", name(channel, sequence));
  } else if (claimed.finished_run != 0) {
    ++report_.counters.repeated;
  }
  if (attempts <= claimed.sealed_attempts && plan_.lossless) {
    report_.violation("attempts were set back",
                      fmt::format("{}: {}, were {} at a clean stop", name(channel, sequence),
                                  attempts, claimed.sealed_attempts));
  }
  if (claimed.run != run) {
    claimed.run = run;
    claimed.base = attempts;
    claimed.seen = 0;
    claimed.attempts = 0;
  }
  claimed.attempts = std::max(claimed.attempts, attempts);
  // Two consumers may report in the wrong order, so a number is only wrong if it came before.
  if (attempts < claimed.base || attempts - claimed.base >= kAttemptBits) return;
  const std::uint32_t bit = std::uint32_t{1} << (attempts - claimed.base);
  if ((claimed.seen & bit) != 0) {
    report_.violation("the same attempts twice",
                      fmt::format("{}: {}", name(channel, sequence), attempts));
  }
  claimed.seen |= bit;
}

void TopicLedger::check_requeue(std::size_t channel, Sequence sequence, std::uint16_t attempts,
                                Nanos received_at) {
  auto& requeues = channels_[channel].requeues;
  const auto found = requeues.find(sequence);
  if (found == requeues.end()) return;
  Requeue& requeue = found->second;
  const bool same_run = requeue.run == static_cast<std::uint16_t>(run_);
  if (same_run && attempts <= requeue.attempts) return;  // sent before the REQ was
  if (requeue.taken_at == 0) {
    if (requeue.delivered_at == 0) requeue.delivered_at = received_at;
    return;
  }
  if (received_at < requeue.due - kTolerance) {
    report_early(channel, sequence, requeue.due, received_at, "its REQ");
  }
  requeues.erase(found);
}

void TopicLedger::report_early(std::size_t channel, Sequence sequence, Nanos due, Nanos received_at,
                               const char* by) {
  report_.violation(
      "delivered before it was due",
      fmt::format("{}: {:.1f} ms early, deferred by {}, run {}", name(channel, sequence),
                  milliseconds(due - received_at), by, run_));
}

void TopicLedger::finish_sent(std::size_t channel, Sequence sequence) {
  const std::scoped_lock lock(mu_);
  if (forgotten(sequence)) return;
  Claim& claimed = claim(channel, sequence);
  if (claimed.fins_sent++ == 0) ++channels_[channel].done;
}

void TopicLedger::finished(std::size_t channel, Sequence sequence, std::uint16_t attempts) {
  const std::scoped_lock lock(mu_);
  ++report_.counters.finished;
  if (forgotten(sequence)) return;
  Claim& claimed = claim(channel, sequence);
  claimed.finished_run = static_cast<std::uint16_t>(run_);
  claimed.finished_attempts = attempts;
}

void TopicLedger::finish_refused(std::size_t channel, Sequence sequence) {
  const std::scoped_lock lock(mu_);
  ++report_.counters.timed_out;
  if (forgotten(sequence)) return;
  if (--claim(channel, sequence).fins_sent == 0) --channels_[channel].done;
}

void TopicLedger::requeue_sent(std::size_t channel, Sequence sequence, std::uint16_t attempts,
                               Nanos due) {
  const std::scoped_lock lock(mu_);
  if (forgotten(sequence)) return;
  channels_[channel].requeues[sequence] = {
      .attempts = attempts, .run = static_cast<std::uint16_t>(run_), .due = due};
}

void TopicLedger::requeued(std::size_t channel, Sequence sequence) {
  const std::scoped_lock lock(mu_);
  ++report_.counters.requeued;
  auto& requeues = channels_[channel].requeues;
  const auto found = requeues.find(sequence);
  if (found == requeues.end()) return;
  Requeue& requeue = found->second;
  requeue.taken_at = now();
  if (requeue.delivered_at == 0) return;
  if (requeue.delivered_at < requeue.due - kTolerance) {
    report_early(channel, sequence, requeue.due, requeue.delivered_at, "its REQ");
  }
  requeues.erase(found);
}

void TopicLedger::requeue_void(std::size_t channel, Sequence sequence) {
  const std::scoped_lock lock(mu_);
  channels_[channel].requeues.erase(sequence);
}

void TopicLedger::begin_run(int run) {
  const std::scoped_lock lock(mu_);
  run_ = run;
}

void TopicLedger::end_run(Ending ending) {
  const std::scoped_lock lock(mu_);
  const Nanos at = now();
  for (Channel& channel : channels_) {
    std::erase_if(channel.requeues, [&](const auto& entry) {
      const Requeue& requeue = entry.second;
      if (requeue.taken_at == 0) return true;
      return ending == Ending::killed && (!plan_.lossless || at - requeue.taken_at < kWrittenAfter);
    });
    if (ending == Ending::killed) {
      if (!plan_.lossless) channel.done = records_.size();  // what is left may be gone
      continue;
    }
    for (Claim& claimed : channel.claims) {
      if (claimed.finished_run == run_) claimed.sealed = true;
      if (claimed.run == run_) {
        claimed.sealed_attempts = std::max(claimed.sealed_attempts, claimed.attempts);
      }
    }
  }
}

void TopicLedger::verify() {
  const std::scoped_lock lock(mu_);
  check_ids();
  if (!plan_.lossless) return;
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    const Channel& channel = channels_[c];
    if (channel.created_at == 0) continue;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const Record& published = records_[i];
      const Claim& claimed = channel.claims[i];
      // Sent before the channel was there: it may have been handed out before.
      if (published.answered_at == 0 || published.sent_at <= channel.created_at) continue;
      if (claimed.fins_sent > 0) continue;
      report_.violation(
          "LOST", fmt::format("{}: {}", name(c, first_ + i),
                              claimed.deliveries == 0
                                  ? std::string("never delivered")
                                  : fmt::format("delivered {} times, last in run {}, not finished",
                                                claimed.deliveries, claimed.run)));
    }
  }
}

void TopicLedger::check_ids() {
  std::vector<std::uint64_t> ids;
  for (const Record& published : records_) {
    if (published.timestamp != 0) ids.push_back(published.id);
  }
  std::sort(ids.begin(), ids.end());
  for (auto at = ids.begin(); (at = std::adjacent_find(at, ids.end())) != ids.end(); ++at) {
    report_.violation("an id used twice", fmt::format("{}: {:016x}", plan_.name, *at));
  }
}

void TopicLedger::forget() {
  const std::scoped_lock lock(mu_);
  first_ += records_.size();
  records_.clear();
  for (Channel& channel : channels_) {
    channel.claims.clear();
    channel.requeues.clear();
    channel.done = 0;
  }
}

std::uint64_t TopicLedger::outstanding() const {
  const std::scoped_lock lock(mu_);
  std::uint64_t most = 0;
  for (const Channel& channel : channels_) {
    if (channel.created_at == 0) continue;
    most = std::max<std::uint64_t>(
        most, records_.size() - std::min<std::uint64_t>(records_.size(), channel.done));
  }
  return most;
}

}  // namespace nsq::torture
