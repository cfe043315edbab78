#include "tests/bench/lookup_load/getters.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/dial.hpp"
#include "clients/tools/nsq_bench/loop.hpp"
#include "tests/bench/lookup_load/http_reader.hpp"

namespace nsq::bench {
namespace {

// What the connections of a run share.
struct Shared {
  Dialer dialer;
  Loop loop;
  std::string request;
  std::int64_t end = 0;
  std::size_t running = 0;
  GetOutcome outcome;
  std::optional<Error> failure;

  void fail(Error error) {
    if (!failure) failure = std::move(error);
    loop.stop();
  }
};

class Getter final : public Endpoint {
 public:
  Getter(Shared& shared, Connection connection)
      : shared_(shared), link_(shared.loop, std::move(connection)) {}
  Result<void> watch() { return link_.watch(*this, false); }

  void start(std::int64_t) override { ask(); }

  void on_events(std::uint32_t, std::int64_t) override {
    auto received = link_.receive();
    if (!received) return shared_.fail(received.error());
    const auto seen = reader_.feed(*received);
    if (seen == HttpReader::Seen::part) return;
    if (seen == HttpReader::Seen::nonsense || reader_.status() != 200) {
      return shared_.fail({.code = make_error_code(Errc::rejected),
                           .context = fmt::format("HTTP status {}", reader_.status())});
    }
    const std::int64_t now = steady_nanos();
    shared_.outcome.latency.record(static_cast<std::uint64_t>(now - asked_at_));
    shared_.outcome.body_bytes = reader_.body_bytes();
    if (now < shared_.end) return ask();
    if (--shared_.running == 0) shared_.loop.stop();
  }

 private:
  void ask() {
    asked_at_ = steady_nanos();
    auto sent = link_.send(shared_.request);
    if (!sent) return shared_.fail(sent.error());
    // Nothing else is on its way, so a few hundred bytes always fit.
    if (*sent != shared_.request.size()) {
      shared_.fail({.code = make_error_code(Errc::closed), .context = "short send"});
    }
  }

  Shared& shared_;
  Link link_;
  HttpReader reader_;
  std::int64_t asked_at_ = 0;
};

}  // namespace

Result<GetOutcome> run_gets(const GetPlan& plan) {
  const auto shared = std::make_unique<Shared>();
  shared->request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", plan.target, plan.http_address);
  std::vector<std::unique_ptr<Getter>> getters;
  for (std::int64_t i = 0; i < plan.connections; ++i) {
    auto connection = shared->dialer.connect(plan.http_address);
    if (!connection) return std::unexpected(connection.error());
    getters.push_back(std::make_unique<Getter>(*shared, *std::move(connection)));
    if (auto ok = getters.back()->watch(); !ok) return std::unexpected(ok.error());
  }
  shared->running = getters.size();
  const std::int64_t start = steady_nanos();
  shared->end = start + plan.run_for.count();
  shared->loop.run(start);
  if (shared->failure) return std::unexpected(*shared->failure);
  shared->outcome.seconds = static_cast<double>(steady_nanos() - start) * 1e-9;
  return std::move(shared->outcome);
}

}  // namespace nsq::bench
