#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "clients/nsq/blocking.hpp"
#include "clients/nsq/log_sink.hpp"
#include "clients/tools/nsq_tail/printer.hpp"
#include "clients/tools/support/stop_signals.hpp"
#include "clients/tools/support/tool.hpp"

// nsq_tail: prints the messages of topics. Source: spec/tools.md 5.

namespace {

using namespace nsq;
using namespace nsq::tools;

struct Arguments {
  std::vector<std::string> topics;
  std::string channel;
  std::int64_t max_in_flight = 200;
  std::int64_t limit = 0;
  bool print_topic = false;
  std::vector<std::string> nsqds;
  std::vector<std::string> lookupds;
  bool version = false;
  client::Config config;
};

void declare(config::FlagSet& flags, Arguments& args) {
  flags.add({.flag = "topic", .help = "topic to print; may be given several times"}, args.topics);
  flags.add({.flag = "channel", .help = "channel; by default one of its own that vanishes with it"},
            args.channel);
  flags.add({.flag = "max-in-flight", .help = "messages in flight at most, of each topic"},
            args.max_in_flight);
  flags.add({.flag = "n", .help = "messages of a topic to print before leaving; 0: no end"},
            args.limit);
  flags.add({.flag = "print-topic", .help = "print the topic before each message"},
            args.print_topic);
  flags.add({.flag = "nsqd-tcp-address",
             .help = "nsqd TCP address, as host:port; may be given several times"},
            args.nsqds);
  flags.add({.flag = "lookupd-http-address",
             .help = "nsqlookupd HTTP address, as host:port or URL (https:// too); may be given "
                     "several times"},
            args.lookupds);
  flags.add({.flag = "consumer-opt",
             .help = "option of the consumer, as key,value; may be given several times. A message "
                     "that was tried more than max_attempts times (5) is not printed; "
                     "max_attempts,0 prints all"},
            client_option(args.config));
  flags.add({.flag = "version", .help = "print the version"}, args.version);
}

/// What is wrong with the arguments, in the order of the specification; empty if nothing is.
std::string check(const Arguments& args) {
  if (args.nsqds.empty() && args.lookupds.empty()) {
    return "--nsqd-tcp-address or --lookupd-http-address required";
  }
  if (!args.nsqds.empty() && !args.lookupds.empty()) {
    return "use --nsqd-tcp-address or --lookupd-http-address not both";
  }
  if (args.topics.empty()) return "--topic required";
  return "";
}

std::string random_channel() {
  std::random_device device;
  const int number = std::uniform_int_distribution<int>(0, 999998)(device);
  return fmt::format("tail{:06}#ephemeral", number);
}

/// An eventfd: handlers' threads set it, the main thread waits for it.
class Event {
 public:
  Event() : fd_(::eventfd(0, EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Event() { ::close(fd_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  int fd() const { return fd_; }
  void set() const { ::eventfd_write(fd_, 1); }

 private:
  int fd_;
};

using Consumers = std::vector<std::unique_ptr<client::BlockingConsumer>>;

Result<void> add_consumer(const Arguments& args, const std::string& topic, Printer& printer,
                          Consumers& consumers) {
  client::log_line("Adding consumer for topic: " + topic);
  auto addresses = parse_addresses(args.nsqds);
  if (!addresses) return std::unexpected(addresses.error());
  auto lookupds = parse_lookupds(args.lookupds);
  if (!lookupds) return std::unexpected(lookupds.error());
  client::ConsumerSetup setup;
  setup.topic = topic;
  setup.channel = args.channel;
  setup.config = args.config;
  setup.logger = client_logger();
  auto consumer = client::BlockingConsumer::create(std::move(setup));
  if (!consumer) return std::unexpected(consumer.error());
  consumers.push_back(*std::move(consumer));
  auto added = consumers.back()->add_handler(
      [&printer, topic](const client::Message& message) { return printer.handle(topic, message); },
      1);
  if (!added) return added;
  if (!lookupds->empty()) return consumers.back()->connect_to_nsqlookupds(*lookupds);
  return consumers.back()->connect(*std::move(addresses));
}

int run(int argc, char** argv) {
  Arguments args;
  config::FlagSet flags(argv[0]);
  declare(flags, args);
  if (const auto status = config::parse_for_tool(flags, argc, argv)) return *status;
  if (args.version) {
    print_version("nsq_tail");
    return 0;
  }
  warn_positional(flags);
  if (const std::string wrong = check(args); !wrong.empty()) return fatal(wrong);
  if (args.channel.empty()) args.channel = random_channel();
  if (args.limit > 0 && args.limit < args.max_in_flight) args.max_in_flight = args.limit;
  args.config.values.max_in_flight = args.max_in_flight;
  args.config.values.user_agent = user_agent("nsq_tail");

  const StopSignals signals;
  const Event done;
  Printer printer({.print_topic = args.print_topic, .limit = args.limit}, [&done] { done.set(); });
  Consumers consumers;
  for (const std::string& topic : args.topics) {
    if (auto added = add_consumer(args, topic, printer, consumers); !added) {
      return fatal(added.error().text());
    }
  }
  signals.wait(done.fd());
  for (const auto& consumer : consumers) consumer->stop();
  for (const auto& consumer : consumers) consumer->wait();
  const std::string error = printer.error();
  return error.empty() ? 0 : fatal(error);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    return fatal(e.what());
  }
}
