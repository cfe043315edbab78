#include "clients/tools/nsq_bench/fleet.hpp"

#include <algorithm>

namespace nsq::bench {
namespace {

constexpr std::uint64_t share_of(std::uint64_t total, std::uint64_t parts, std::uint64_t index) {
  return total / parts + (index < total % parts ? 1 : 0);
}

}  // namespace

std::string numbered_topic(const std::string& prefix, std::uint64_t number) {
  return prefix + std::to_string(number);
}

Fleet::Fleet(std::int64_t threads) {
  for (std::int64_t i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>());
}

Fleet::~Fleet() {
  join();
}

PublisherPlan Fleet::plan_for(const Options& options, std::size_t messages_per_command,
                              std::uint64_t publisher, std::uint16_t run) const {
  const auto parts = static_cast<std::uint64_t>(options.connections);
  PublisherPlan plan{.identity = first_identity(run, publisher), .run_for = options.run_for};
  if (options.messages > 0) {
    const auto messages = static_cast<std::uint64_t>(options.messages);
    const std::uint64_t commands = (messages + messages_per_command - 1) / messages_per_command;
    plan.commands = share_of(commands, parts, publisher);
  }
  if (options.rate > 0) {
    const double per_command = 1e9 * static_cast<double>(messages_per_command) / options.rate;
    plan.interval_ns = per_command * static_cast<double>(parts);
    plan.offset_ns = per_command * static_cast<double>(publisher);
  }
  if (options.mode == Mode::defer) {
    plan.deferred = true;
    plan.delay_min_ms = static_cast<std::uint64_t>(options.delay_min.count() / 1'000'000);
    plan.delay_max_ms = static_cast<std::uint64_t>(options.delay_max.count() / 1'000'000);
  }
  if (window_ > 0) plan.allowance = [this] { return allowance(); };
  return plan;
}

Result<void> Fleet::add_publishers(const Options& options, const Command& command, ScanReplies scan,
                                   std::uint16_t run) {
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(options.connections); ++i) {
    auto connection =
        options.mode == Mode::http ? dialer_.http(options, i) : dialer_.client(options, i);
    if (!connection) return std::unexpected(connection.error());
    Worker& worker = *workers_[i % workers_.size()];
    publishers_.push_back(std::make_unique<Publisher>(worker.loop, health_, std::move(*connection),
                                                      command,
                                                      static_cast<std::size_t>(options.depth), scan,
                                                      plan_for(options, command.messages, i, run)));
    if (auto ok = publishers_.back()->attach(); !ok) return ok;
  }
  return {};
}

Result<void> Fleet::add_consumers(const Options& options, const std::vector<std::string>& channels,
                                  std::optional<std::uint16_t> run, bool latency) {
  for (auto& worker : workers_) {
    while (worker->records.size() < channels.size()) {
      worker->records.push_back(std::make_unique<ChannelRecord>(run));
    }
  }
  by_channel_.resize(channels.size());
  for (std::int64_t i = 0; i < options.consumers; ++i) {
    for (std::size_t c = 0; c < channels.size(); ++c) {
      auto connection =
          dialer_.subscription(options, options.topic, channels[c], consumers_.size());
      if (!connection) return std::unexpected(connection.error());
      // Publishers fill the threads from the first on, consumers from the last.
      Worker& worker = *workers_[workers_.size() - 1 - consumers_.size() % workers_.size()];
      consumers_.push_back(std::make_unique<Consumer>(
          worker.loop, health_, std::move(*connection), options.rdy, *worker.records[c],
          latency ? &worker.latency : nullptr, worker.fins));
      if (auto ok = consumers_.back()->attach(); !ok) return ok;
      by_channel_[c].push_back(consumers_.back().get());
    }
  }
  return {};
}

Result<void> Fleet::add_idle_subscriptions(const Options& options, std::uint64_t count) {
  Worker& worker = *workers_.front();
  if (worker.records.empty())
    worker.records.push_back(std::make_unique<ChannelRecord>(std::nullopt));
  const auto topics = static_cast<std::uint64_t>(options.topics);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = consumers_.size();
    const std::string topic = numbered_topic(options.topic, number % topics);
    auto connection = dialer_.subscription(options, topic, "ch", number);
    if (!connection) return std::unexpected(connection.error());
    consumers_.push_back(std::make_unique<Consumer>(worker.loop, health_, std::move(*connection), 0,
                                                    *worker.records.front(), nullptr, worker.fins));
    if (auto ok = consumers_.back()->attach(); !ok) return ok;
  }
  return {};
}

void Fleet::start() {
  started_at_ = steady_nanos();
  for (auto& worker : workers_) {
    worker->thread = std::jthread([&loop = worker->loop, at = started_at_] { loop.run(at); });
  }
}

void Fleet::join() {
  for (auto& worker : workers_) worker->loop.stop();
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

std::uint64_t Fleet::sent() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& publisher : publishers_) sum += publisher->sent();
  return sum;
}

std::uint64_t Fleet::answered() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& publisher : publishers_) sum += publisher->answered();
  return sum;
}

std::uint64_t Fleet::received() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& consumer : consumers_) sum += consumer->received();
  return sum;
}

std::uint64_t Fleet::received_by_slowest() const noexcept {
  std::uint64_t least = by_channel_.empty() ? 0 : kUnlimited;
  for (const auto& consumers : by_channel_) {
    std::uint64_t sum = 0;
    for (const Consumer* consumer : consumers) sum += consumer->received();
    least = std::min(least, sum);
  }
  return least;
}

std::uint64_t Fleet::allowance() const noexcept {
  const std::uint64_t received = received_by_slowest();
  const std::uint64_t sent_now = sent();
  const std::uint64_t ahead = sent_now > received ? sent_now - received : 0;
  return window_ > ahead ? window_ - ahead : 0;
}

bool Fleet::published() const noexcept {
  return std::ranges::all_of(publishers_, [](const auto& p) { return p->done(); });
}

std::int64_t Fleet::last_answer() const noexcept {
  std::int64_t last = started_at_;
  for (const auto& publisher : publishers_) last = std::max(last, publisher->last_answer());
  return last;
}

std::int64_t Fleet::last_receive() const noexcept {
  std::int64_t last = started_at_;
  for (const auto& consumer : consumers_) last = std::max(last, consumer->last_receive());
  return last;
}

std::vector<std::uint64_t> Fleet::sent_by_publisher() const {
  std::vector<std::uint64_t> sent;
  for (const auto& publisher : publishers_) sent.push_back(publisher->sent());
  return sent;
}

Tracker Fleet::channel(std::size_t index) const {
  Tracker sum;
  for (const auto& worker : workers_) sum.merge(worker->records[index]->tracker);
  return sum;
}

std::uint64_t Fleet::early() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) {
    for (const auto& record : worker->records) sum += record->early;
  }
  return sum;
}

std::unique_ptr<Histogram> Fleet::latency() const {
  auto sum = std::make_unique<Histogram>();
  for (const auto& worker : workers_) sum->merge(worker->latency);
  return sum;
}

std::unique_ptr<Histogram> Fleet::answer_latency() const {
  auto sum = std::make_unique<Histogram>();
  for (const auto& publisher : publishers_) sum->merge(publisher->answer_latency());
  return sum;
}

}  // namespace nsq::bench
