#include "tests/torture/options.hpp"

#include <random>
#include <stdexcept>

namespace nsq::torture {
namespace {

template <class Number, class Convert>
Number number(const std::string& flag, const std::string& value, Number least, Convert convert) {
  std::size_t used = 0;
  Number result{};
  try {
    result = convert(value, &used);
  } catch (const std::logic_error&) {
    used = 0;
  }
  if (used == 0 || used != value.size() || result < least) {
    throw std::invalid_argument(flag + ": not a number that makes sense: " + value);
  }
  return result;
}

int integer(const std::string& flag, const std::string& value, int least) {
  return number<int>(flag, value, least, [](const std::string& text, std::size_t* used) {
    return std::stoi(text, used);
  });
}

void set(Options& options, const std::string& flag, const std::string& value) {
  if (flag == "--seed") {
    options.seed = number<std::uint64_t>(
        flag, value, 0,
        [](const std::string& text, std::size_t* used) { return std::stoull(text, used); });
  } else if (flag == "--rounds") {
    options.rounds = integer(flag, value, 1);
  } else if (flag == "--seconds-per-round") {
    options.seconds_per_round = number<double>(
        flag, value, 0.01,
        [](const std::string& text, std::size_t* used) { return std::stod(text, used); });
  } else if (flag == "--kill-percent") {
    options.kill_percent = integer(flag, value, 0);
  } else if (flag == "--drain-every") {
    options.drain_every = integer(flag, value, 1);
  } else if (flag == "--nsqd") {
    options.nsqd = value;
  } else if (flag == "--nsqd-arg") {
    options.nsqd_args.push_back(value);
  } else if (flag == "--keep") {
    options.keep = value;
  } else {
    throw std::invalid_argument("no such flag: " + flag);
  }
}

}  // namespace

std::string_view usage() {
  return R"(Usage: nsq_torture [flag value]...

Publishes and consumes through a real nsqd, kills it at random moments, starts it again on the same
data path, and checks that all that was acknowledged is delivered. Exit status 1 if anything is wrong.

  --rounds N              lives of the daemon (50)
  --seconds-per-round S   the longest of them (2)
  --seed N                the one that a failed run printed (random)
  --kill-percent N        how many rounds end with SIGKILL; the others with SIGTERM (70)
  --drain-every N         rounds between the checks that nothing is missing (25)
  --nsqd PATH             the nsqd to run ($NSQ_NSQD, else the one of this build)
  --nsqd-arg FLAG         one more flag for nsqd; may be repeated
  --keep DIR              where to leave the data path of a failed run
)";
}

Options parse_options(const std::vector<std::string>& args) {
  Options options;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::size_t equals = args[i].find('=');
    const std::string flag = args[i].substr(0, equals);
    if (equals != std::string::npos) {
      set(options, flag, args[i].substr(equals + 1));
    } else if (i + 1 < args.size()) {
      set(options, flag, args[++i]);
    } else {
      throw std::invalid_argument("no value for " + flag);
    }
  }
  if (options.seed == 0) options.seed = std::random_device{}();
  return options;
}

}  // namespace nsq::torture
