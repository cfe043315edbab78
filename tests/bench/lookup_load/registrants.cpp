#include "tests/bench/lookup_load/registrants.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/dial.hpp"
#include "clients/tools/nsq_bench/loop.hpp"
#include "common/base/bytes.hpp"

namespace nsq::bench {
namespace {

constexpr std::size_t kSizeBytes = 4;

std::string identify_command(std::size_t peer) {
  const std::string body = fmt::format(
      R"({{"broadcast_address":"node{}","hostname":"node{}","tcp_port":4150,"http_port":4151,)"
      R"("version":"1.3.0"}})",
      peer, peer);
  std::string size(kSizeBytes, '\0');
  store_be32(size.data(), static_cast<std::uint32_t>(body.size()));
  return "IDENTIFY\n" + size + body;
}

std::string register_command(const RegisterPlan& plan, std::size_t peer, std::int64_t topic) {
  return plan.distinct ? fmt::format("REGISTER topic_{}_{}\n", peer, topic)
                       : fmt::format("REGISTER topic_{}\n", topic);
}

}  // namespace

class Registrants::Impl {
 public:
  explicit Impl(const RegisterPlan& plan);
  ~Impl();

  Result<void> open();
  Result<void> run();
  const RegisterOutcome& outcome() const noexcept { return outcome_; }

 private:
  class Peer;

  void begin_next();
  void done();
  void fail(Error error) {
    if (!failure_) failure_ = std::move(error);
    loop_.stop();
  }

  RegisterPlan plan_;
  Dialer dialer_;
  Loop loop_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::size_t begun_ = 0;
  std::size_t finished_ = 0;
  RegisterOutcome outcome_;
  std::optional<Error> failure_;
};

// One connection: IDENTIFY, then its topics.
class Registrants::Impl::Peer final : public Endpoint {
 public:
  Peer(Impl& all, std::size_t number, Connection connection)
      : all_(all), number_(number), link_(all.loop_, std::move(connection)) {}
  Result<void> watch() { return link_.watch(*this, false); }

  void start(std::int64_t) override {}
  void begin() { say(identify_command(number_)); }

  void on_events(std::uint32_t, std::int64_t) override {
    auto received = link_.receive();
    if (!received) return all_.fail(received.error());
    const std::string_view bytes = *received;
    if (bytes.size() < kSizeBytes || bytes.size() < kSizeBytes + load_be32(bytes.data())) {
      return link_.keep(bytes);
    }
    link_.keep({});
    take_reply(bytes.substr(kSizeBytes));
  }

 private:
  void take_reply(std::string_view reply) {
    const auto took = static_cast<std::uint64_t>(steady_nanos() - said_at_);
    const bool identified = registered_ < 0;
    (identified ? all_.outcome_.identify : all_.outcome_.register_topic).record(took);
    if (identified ? !reply.starts_with('{') : reply != "OK") {
      return all_.fail({.code = make_error_code(Errc::rejected), .context = std::string(reply)});
    }
    if (++registered_ == all_.plan_.topics) return all_.done();
    say(register_command(all_.plan_, number_, registered_));
  }

  void say(const std::string& command) {
    said_at_ = steady_nanos();
    auto sent = link_.send(command);
    if (!sent) return all_.fail(sent.error());
    // Nothing else is on its way, so a few hundred bytes always fit.
    if (*sent != command.size()) {
      all_.fail({.code = make_error_code(Errc::closed), .context = "short send"});
    }
  }

  Impl& all_;
  std::size_t number_;
  Link link_;
  std::int64_t registered_ = -1;  // before IDENTIFY is answered
  std::int64_t said_at_ = 0;
};

Registrants::Impl::Impl(const RegisterPlan& plan) : plan_(plan) {}
Registrants::Impl::~Impl() = default;

Result<void> Registrants::Impl::open() {
  for (std::int64_t i = 0; i < plan_.peers; ++i) {
    const auto number = static_cast<std::size_t>(i);
    auto connection = dialer_.connect(plan_.tcp_address, number);
    if (!connection) return std::unexpected(connection.error());
    // At once, for some servers do not wait for it for ever; IDENTIFY comes when it is the peer's
    // turn.
    if (auto ok = connection->send("  V1"); !ok) return ok;
    peers_.push_back(std::make_unique<Peer>(*this, number, *std::move(connection)));
    if (auto ok = peers_.back()->watch(); !ok) return ok;
  }
  return {};
}

Result<void> Registrants::Impl::run() {
  const std::int64_t start = steady_nanos();
  for (std::int64_t i = 0; i < plan_.concurrency; ++i) begin_next();
  loop_.run(start);
  if (failure_) return std::unexpected(*failure_);
  outcome_.seconds = static_cast<double>(steady_nanos() - start) * 1e-9;
  return {};
}

void Registrants::Impl::begin_next() {
  if (begun_ < peers_.size()) peers_[begun_++]->begin();
}

void Registrants::Impl::done() {
  if (++finished_ == peers_.size()) return loop_.stop();
  begin_next();
}

Registrants::Registrants(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registrants::~Registrants() = default;

Result<std::unique_ptr<Registrants>> Registrants::run(const RegisterPlan& plan) {
  auto impl = std::make_unique<Impl>(plan);
  if (auto ok = impl->open(); !ok) return std::unexpected(ok.error());
  if (auto ok = impl->run(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Registrants>(new Registrants(std::move(impl)));
}

const RegisterOutcome& Registrants::outcome() const noexcept {
  return impl_->outcome();
}

}  // namespace nsq::bench
