#include "tests/faults/bench.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "common/wire/message.hpp"
#include "nsqd/queue/frame.hpp"
#include "tests/support/eventually.hpp"

namespace nsq::test {

using namespace nsqd;

namespace {

/// For a consumer that looks by itself.
class NoWaker final : public Waker {
  void wake() noexcept override {}
};

/// Takes the messages of a run apart.
void read(const Run& run, std::size_t prefix, Bodies& bodies,
          std::vector<nsq::wire::MessageId>& ids) {
  std::string_view frames = run.frames();
  while (!frames.empty()) {
    const auto bytes = frame_bytes(frames.data());
    const auto message = wire::decode_message(frames.substr(8, bytes - 8)).value();
    bodies.emplace(message.body.substr(0, prefix));
    ids.push_back(wire::MessageId::from_number(frame_id(frames.data())));
    frames.remove_prefix(bytes);
  }
}

}  // namespace

void LinesSink::write(LogLevel level, std::string_view text) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(level, text);
}

std::size_t LinesSink::count(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(),
                    [&](const auto& line) { return line.second.find(part) != std::string::npos; }));
}

std::size_t LinesSink::errors() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [](const auto& line) {
    return line.first >= LogLevel::error;
  }));
}

QueueLimits Bench::little_memory() {
  QueueLimits limits;
  limits.mem_queue_size = 10;
  return limits;
}

Bench::Bench(Config config)
    : disk_(std::make_shared<FaultyFileSystem>()),
      env_(rocksdb::NewCompositeEnv(disk_)),
      config_(config),
      database_{.data_path = dir_.path().string(),
                .min_free_disk = config.min_free_disk,
                .env = env_.get()},
      lines_(std::make_shared<LinesSink>()),
      log_(lines_, LogLevel::info) {
  open();
}

Bench::~Bench() {
  disk_->repair();
  close();
}

std::string Bench::database_folder() const {
  return Database::folder(database_.data_path);
}

Store::Post Bench::post() {
  return [this](std::move_only_function<void()> work) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  };
}

void Bench::open() {
  const auto opened = try_open();
  INFO((opened ? std::string() : opened.error().text()));
  REQUIRE(opened.has_value());
}

Result<void> Bench::try_open() {
  store_ = std::make_unique<Store>(
      Store::Config{.database = database_, .sync = config_.sync, .readers = 2}, health_, log_,
      post());
  broker_ = std::make_unique<Broker>(config_.limits, 1, deadlines_, observer_, store_.get());
  auto opened = store_->open(*broker_);
  journal_ = store_->make_journal(post());
  return opened;
}

void Bench::close() {
  if (!store_) return;
  turn();
  store_->close();
  turn();
  journal_.reset();
  broker_.reset();
  store_.reset();
}

void Bench::restart() {
  close();
  open();
}

void Bench::lose_power() {
  disk_->cut_power();
  close();
  disk_->lose_unsynced();
  health_.set_ok();
}

std::shared_ptr<Topic> Bench::topic(std::string_view name) {
  return broker_->get_or_create_topic(wire::TopicName::parse(name).value()).value();
}

std::shared_ptr<Channel> Bench::channel(std::string_view of, std::string_view name) {
  return broker_->get_or_create_channel(topic(of), wire::ChannelName::parse(name).value()).value();
}

void Bench::turn() {
  std::deque<std::move_only_function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& each : work) each();
  while (journal_ && journal_->commit()) {
  }
  deadlines_.expire_due(read_clock());
  store_->commit_deadlines();
}

Result<void> Bench::await(Ticket ticket) {
  std::optional<Result<void>> answer;
  journal_->when_committed(ticket, [&](const Result<void>& result) { answer = result; });
  const bool answered = eventually([&] {
    turn();
    return answer.has_value();
  });
  REQUIRE(answered);
  return std::move(*answer);
}

Result<void> Bench::publish(std::string_view to, const std::vector<std::string>& bodies) {
  const std::vector<std::string_view> views(bodies.begin(), bodies.end());
  Effects effects;
  auto ticket = topic(to)->publish(views, *journal_, read_clock(), effects);
  effects.run();
  if (!ticket) return std::unexpected(std::move(ticket.error()));
  return await(*ticket);
}

Result<void> Bench::defer(std::string_view to, std::string_view body, Nanoseconds delay) {
  Effects effects;
  auto ticket = topic(to)->publish_deferred(body, delay, *journal_, read_clock(), effects);
  effects.run();
  if (!ticket) return std::unexpected(std::move(ticket.error()));
  return await(*ticket);
}

Bodies Bench::drain(std::string_view of, std::string_view name, std::size_t limit,
                    std::size_t prefix) {
  const auto from = channel(of, name);
  const auto consumer = std::make_shared<Consumer>(
      ConsumerOptions{.connection = ++last_connection_, .msg_timeout = Seconds(60)},
      std::make_shared<NoWaker>());
  REQUIRE(from->add(consumer).has_value());
  from->set_ready(*consumer, 100);
  Bodies bodies;
  const auto done = [&] {
    turn();
    PullResult result;
    do {
      std::vector<Run> runs;
      Effects effects;
      const auto room =
          static_cast<std::uint32_t>(std::min<std::size_t>(limit - bodies.size(), 50));
      if (room == 0) return true;
      result = from->pull(consumer, read_clock(), {.messages = room}, runs, effects);
      effects.run();
      std::vector<wire::MessageId> ids;
      for (const Run& run : runs) read(run, prefix, bodies, ids);
      std::vector<AnswerFailure> failures;
      from->finish(*consumer, ids, failures);
      CHECK(failures.empty());
    } while (result.more);
    const auto stats = from->stats(false);
    return stats.depth + stats.in_flight_count + stats.deferred_count == 0;
  };
  CHECK(eventually(done));
  Effects effects;
  from->remove(consumer, effects);
  effects.run();
  return bodies;
}

std::string Bench::await_health(std::string_view begin) {
  eventually([&] {
    turn();
    return health_.text().starts_with(begin);
  });
  return health_.text();
}

bool includes(const Bodies& whole, const Bodies& part) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

Bodies operator+(Bodies a, const Bodies& b) {
  a.insert(b.begin(), b.end());
  return a;
}

}  // namespace nsq::test
