#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "clients/nsq/log_sink.hpp"
#include "clients/tools/support/stop_signals.hpp"
#include "clients/tools/support/tool.hpp"
#include "clients/tools/to_nsq/fanout.hpp"
#include "clients/tools/to_nsq/rate_limit.hpp"
#include "clients/tools/to_nsq/splitter.hpp"
#include "common/base/bytes.hpp"

// to_nsq: splits stdin and publishes each piece. Source: spec/tools.md 7.

namespace {

using namespace nsq;
using namespace nsq::tools;

struct Arguments {
  std::string topic;
  std::string delimiter = "\n";
  std::vector<std::string> nsqds;
  std::int64_t rate = 0;
  bool version = false;
  client::Config config;
};

void declare(config::FlagSet& flags, Arguments& args) {
  flags.add({.flag = "topic", .help = "topic to publish to"}, args.topic);
  flags.add({.flag = "delimiter", .help = "one byte that ends each message"}, args.delimiter);
  flags.add({.flag = "nsqd-tcp-address",
             .help = "nsqd TCP address to publish to, as host:port; all of several"},
            args.nsqds);
  flags.add({.flag = "rate", .help = "messages per second at most; 0: no limit"}, args.rate);
  flags.add({.flag = "producer-opt",
             .help = "option of the producer, as key,value; may be given several times"},
            client_option(args.config));
  flags.add({.flag = "version", .help = "print the version"}, args.version);
}

/// One producer for each address. The server's limits hold, not the library's idea of them.
Result<std::vector<std::unique_ptr<client::BlockingProducer>>> make_producers(Arguments& args) {
  args.config.values.user_agent = user_agent("to_nsq");
  args.config.values.max_msg_size = 0;
  auto options = args.config.freeze();
  if (!options) return std::unexpected(options.error());
  auto addresses = parse_addresses(args.nsqds);
  if (!addresses) return std::unexpected(addresses.error());
  std::vector<std::unique_ptr<client::BlockingProducer>> producers;
  for (const client::Address& address : *addresses) {
    auto producer = client::BlockingProducer::create(address, args.config, client_logger());
    if (!producer) return std::unexpected(producer.error());
    producers.push_back(*std::move(producer));
  }
  return producers;
}

/// Reads, splits and publishes until the end of input or a signal; the status to exit with.
class Pump {
 public:
  Pump(const Arguments& args, const StopSignals& signals, Fanout& fanout)
      : signals_(signals), fanout_(fanout), splitter_(args.delimiter[0]) {
    if (args.rate > 0) rate_.emplace(args.rate, read_clock().mono);
  }

  int run() {
    std::vector<char> buffer(64_KiB);
    for (;;) {
      // While there is input, answers may lag behind; before waiting for more they may not.
      Woken woken = signals_.wait(STDIN_FILENO, Nanoseconds(0));
      if (woken == Woken::timeout) {
        if (!fanout_.wait_answers()) return fatal(fanout_.error());
        woken = signals_.wait(STDIN_FILENO);
      }
      if (woken == Woken::signal) return finish();
      const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fatal(fmt::format("read stdin: {}", std::strerror(errno)));
      if (got == 0) return end_of_input();
      splitter_.feed({buffer.data(), static_cast<std::size_t>(got)});
      while (const auto piece = splitter_.next()) {
        if (const auto status = publish(*piece)) return *status;
      }
    }
  }

 private:
  /// The status to exit with, if it is time to.
  std::optional<int> publish(std::string_view piece) {
    if (rate_) {
      const Nanoseconds pause = rate_->take(read_clock().mono);
      if (pause > Nanoseconds(0) && signals_.wait(-1, pause) == Woken::signal) return finish();
    }
    if (piece.empty() || fanout_.publish(piece)) return std::nullopt;
    return fatal(fanout_.error());
  }

  int end_of_input() {
    if (const auto status = publish(splitter_.rest())) return *status;
    return finish();
  }

  int finish() { return fanout_.wait_answers() ? 0 : fatal(fanout_.error()); }

  const StopSignals& signals_;
  Fanout& fanout_;
  Splitter splitter_;
  std::optional<RateLimit> rate_;
};

int run(int argc, char** argv) {
  Arguments args;
  config::FlagSet flags(argv[0]);
  declare(flags, args);
  if (const auto status = config::parse_for_tool(flags, argc, argv)) return *status;
  if (args.version) {
    print_version("to_nsq");
    return 0;
  }
  warn_positional(flags);
  if (args.topic.empty()) return fatal("--topic required");
  if (args.delimiter.size() != 1) return fatal("--delimiter must be a single byte");

  const StopSignals signals;
  auto producers = make_producers(args);
  if (!producers) return fatal("failed to create nsq.Producer - " + producers.error().text());
  if (producers->empty()) return fatal("--nsqd-tcp-address required");
  if (args.rate > 0) {
    client::log_line(fmt::format("Throttling messages rate to max:{}/second", args.rate));
  }
  Fanout fanout(args.topic, *std::move(producers));
  return Pump(args, signals, fanout).run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    return fatal(e.what());
  }
}
