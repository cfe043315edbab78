#include "tests/torture/director.hpp"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.hpp"
#include "tests/torture/consumer.hpp"
#include "tests/torture/publisher.hpp"

namespace nsq::torture {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kTcpPublishers = 4;
constexpr int kHttpPublishers = 2;

constexpr std::array kMemQueueSizes{"0", "1", "10", "200", "10000"};

int consumers_in(const std::vector<TopicPlan>& plan) {
  int count = 0;
  for (const auto& topic : plan) {
    for (const auto& channel : topic.channels) count += channel.consumers;
  }
  return count;
}

// A port that nobody listens on, below those that outgoing connections get: while the daemon is
// down, a client that tries to connect could be given its very port.
std::uint16_t free_port(Random& random) {
  for (;;) {
    const auto port = random.between<std::uint16_t>(15'000, 32'000);
    try {
      test::Socket::tcp(port);
    } catch (const std::runtime_error&) {
      return port;
    }
  }
}

std::uint64_t take_difference(const std::atomic<std::uint64_t>& counter,
                              std::atomic<std::uint64_t>& before) {
  const std::uint64_t value = counter.load();
  return value - before.exchange(value);
}

std::string end_of(const std::string& log) {
  constexpr std::size_t kKept = 2000;
  return log.substr(log.size() - std::min(log.size(), kKept));
}

}  // namespace

Director::Director(Options options) : options_(std::move(options)), random_(options_.seed, 0) {
  if (!options_.nsqd.empty()) ::setenv("NSQ_NSQD", options_.nsqd.c_str(), 1);
  const std::vector<TopicPlan> plan = make_plan();
  for (std::size_t i = 0; i < plan.size(); ++i) {
    ledgers_.push_back(std::make_unique<TopicLedger>(plan[i], i, options_.seed, report_));
  }
  stage_ = std::make_unique<Stage>(consumers_in(plan) + kTcpPublishers + kHttpPublishers + 1);

  // The ports must not change with the seed's later draws, but may be taken: own dice.
  Random dice(std::random_device{}(), 0);
  nsqd_ = std::make_unique<test::Nsqd>(
      std::vector<std::string>{fmt::format("--tcp-address=127.0.0.1:{}", free_port(dice)),
                               fmt::format("--http-address=127.0.0.1:{}", free_port(dice))});
  world_ = std::make_unique<World>(World{.seed = options_.seed,
                                         .tcp_port = nsqd_->tcp_port(),
                                         .http_port = nsqd_->http_port(),
                                         .stage = *stage_,
                                         .ledgers = ledgers_,
                                         .report = report_});
  administrator_ = std::make_unique<Administrator>(*world_, 1);
}

Director::~Director() {
  stage_->set(Phase::over);
  nsqd_->process().send_signal(SIGKILL);  // so that no client waits for it
  for (std::thread& client : clients_) client.join();
}

void Director::start_clients() {
  std::uint64_t stream = 2;  // 0 is the director's, 1 the administrator's
  for (std::size_t t = 0; t < ledgers_.size(); ++t) {
    const auto& channels = ledgers_[t]->plan().channels;
    for (std::size_t c = 0; c < channels.size(); ++c) {
      for (int i = 0; i < channels[c].consumers; ++i, ++stream) {
        clients_.emplace_back([this, t, c, stream] { Consumer(*world_, t, c, stream).run(); });
      }
    }
  }
  for (int i = 0; i < kTcpPublishers; ++i, ++stream) {
    clients_.emplace_back([this, stream] { TcpPublisher(*world_, stream).run(); });
  }
  for (int i = 0; i < kHttpPublishers; ++i, ++stream) {
    clients_.emplace_back([this, stream] { HttpPublisher(*world_, stream).run(); });
  }
  clients_.emplace_back([this] { administrator_->run(); });
}

bool Director::run() {
  administrator_->create_all();
  stop_cleanly();
  start_clients();
  for (int number = 1; number <= options_.rounds; ++number) {
    round(number);
    if (number % options_.drain_every != 0 && number != options_.rounds) continue;
    drain();
    if (!report_.clean()) break;
  }
  return report_.clean();
}

void Director::round(int number) {
  const std::string mem_queue_size = kMemQueueSizes[random_.below(kMemQueueSizes.size())];
  const int longest = static_cast<int>(options_.seconds_per_round * 1000);
  const milliseconds life(random_.between(longest / 10, longest));
  const Exit exit = choose_exit();
  const bool stillborn = random_.chance(15);
  if (stillborn) start_and_kill();
  start(mem_queue_size);
  begin_run();
  stage_->open(Phase::working);
  let_live(life);
  end_life(exit);
  constexpr std::array kNames{"kill", "stop under load", "stop"};
  print_round(number, fmt::format("{} after {} ms, mem-queue-size {}{}",
                                  kNames[static_cast<std::size_t>(exit)], life.count(),
                                  mem_queue_size, stillborn ? ", started once before" : ""));
}

Director::Exit Director::choose_exit() {
  if (random_.chance(options_.kill_percent)) return Exit::killed;
  return random_.chance(50) ? Exit::stopped : Exit::settled;
}

void Director::let_live(milliseconds time) {
  const auto until = Clock::now() + time;
  while (Clock::now() < until && nsqd_->process().running()) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

void Director::end_life(Exit exit) {
  if (exit == Exit::settled) {
    stage_->set(Phase::leaving);
    park();
  }
  if (exit != Exit::killed) {
    stop_cleanly();
    stage_->set(Phase::down);
    park();
    for (auto& ledger : ledgers_) ledger->end_run(Ending::stopped);
    return;
  }
  const test::ExitStatus status = nsqd_->process().stop(SIGKILL);
  if (status != test::killed_by(SIGKILL)) {
    report_.violation("nsqd ended by itself", end_of(nsqd_->process().err()));
  }
  stage_->set(Phase::down);
  park();
  for (auto& ledger : ledgers_) ledger->end_run(Ending::killed);
}

void Director::start(const std::string& mem_queue_size) {
  std::vector<std::string> args{"--mem-queue-size=" + mem_queue_size, "--sync-timeout=250ms"};
  args.insert(args.end(), options_.nsqd_args.begin(), options_.nsqd_args.end());
  nsqd_->start_again(args);
}

// Dies while it reads what the last life left.
void Director::start_and_kill() {
  test::DaemonProcess process(test::nsqd_path(),
                              {fmt::format("--tcp-address=127.0.0.1:{}", nsqd_->tcp_port()),
                               fmt::format("--http-address=127.0.0.1:{}", nsqd_->http_port()),
                               "--data-path=" + nsqd_->data_path().string()});
  std::this_thread::sleep_for(std::chrono::microseconds(random_.between(0, 80'000)));
  process.stop(SIGKILL);
}

void Director::begin_run() {
  ++run_;
  for (auto& ledger : ledgers_) ledger->begin_run(run_);
  administrator_->check_after_start(run_);
}

void Director::stop_cleanly() {
  const test::ExitStatus status = nsqd_->process().stop();
  if (status == test::exited(0)) return;
  const std::string log = nsqd_->process().err();
  report_.violation("a clean stop failed", log.substr(log.size() > 2000 ? log.size() - 2000 : 0));
}

void Director::park() {
  if (!stage_->await_parked()) throw std::runtime_error("a client hangs");
}

// Everything unpaused, consumed and finished; then nothing may be missing, or come again.
void Director::drain() {
  start("10000");
  begin_run();
  administrator_->unpause_all();
  stage_->open(Phase::draining);
  await_empty();
  stage_->set(Phase::leaving);
  park();
  check_empty("after the drain");
  for (auto& ledger : ledgers_) ledger->verify();
  stop_cleanly();
  for (auto& ledger : ledgers_) {
    ledger->end_run(Ending::stopped);
    ledger->forget();
  }
  start("10000");
  check_empty("after the drain and a restart");
  stop_cleanly();
  print_round(0, "drained");
}

// Waits as long as anything moves.
void Director::await_empty() {
  std::string where;
  std::int64_t left = undelivered(where);
  auto deadline = Clock::now() + test::kDeadline;
  while (left != 0 && Clock::now() < deadline && nsqd_->process().running()) {
    std::this_thread::sleep_for(milliseconds(20));
    const std::int64_t next = undelivered(where);
    if (next != left) deadline = Clock::now() + test::kDeadline;
    left = next;
  }
}

std::int64_t Director::undelivered(std::string& where) const {
  std::int64_t sum = 0;
  where.clear();
  const auto count = [&](const std::string& name, const nlohmann::json& queue) {
    for (const char* field : {"depth", "in_flight_count", "deferred_count"}) {
      if (!queue.contains(field)) continue;
      const auto value = queue.at(field).get<std::int64_t>();
      if (value == 0) continue;
      sum += value;
      where += fmt::format(" {} {} {},", name, field, value);
    }
  };
  const auto stats = nsqd_->stats("&include_clients=false&include_mem=false");
  for (const auto& ledger : ledgers_) {
    for (const auto& topic : stats.at("topics")) {
      const std::string name = topic.at("topic_name");
      if (name != ledger->plan().name) continue;
      count(name, topic);
      for (const auto& channel : topic.at("channels")) {
        count(name + "/" + channel.at("channel_name").get<std::string>(), channel);
      }
    }
  }
  return sum;
}

void Director::check_empty(const char* when) {
  std::string where;
  undelivered(where);
  if (!where.empty()) report_.violation("counts that are not 0", std::string(when) + ":" + where);
}

void Director::print_round(int number, const std::string& what) {
  const Counters& all = report_.counters;
  const auto published = take_difference(all.published, before_.published);
  const auto acknowledged = take_difference(all.acknowledged, before_.acknowledged);
  const auto refused = take_difference(all.refused, before_.refused);
  fmt::print(
      "{:>5} {}: {} published ({} OK, {} unknown), {} delivered ({} again, {} of them finished "
      "before), {} finished, {} requeued, {} too late\n",
      number == 0 ? std::string() : fmt::format("{}", number), what, published, acknowledged,
      published - acknowledged - refused, take_difference(all.delivered, before_.delivered),
      take_difference(all.redelivered, before_.redelivered),
      take_difference(all.repeated, before_.repeated),
      take_difference(all.finished, before_.finished),
      take_difference(all.requeued, before_.requeued),
      take_difference(all.timed_out, before_.timed_out));
  std::fflush(stdout);
}

void Director::keep_data() {
  if (options_.keep.empty()) return;
  std::filesystem::create_directories(options_.keep);
  std::filesystem::copy(nsqd_->data_path(), options_.keep,
                        std::filesystem::copy_options::recursive);
}

}  // namespace nsq::torture
