#include <fmt/core.h>

#include "clients/nsq/blocking.hpp"

// produce <host:port> <topic> <message>...: publishes each message and says what became of it.

using namespace nsq;

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: {} <host:port> <topic> <message>...\n", argv[0]);
    return 1;
  }
  auto nsqd = client::Address::parse(argv[1]);
  if (!nsqd) {
    fmt::print(stderr, "{}\n", nsqd.error().text());
    return 1;
  }
  auto producer = client::BlockingProducer::create(*nsqd, client::Config());
  if (!producer) {
    fmt::print(stderr, "{}\n", producer.error().text());
    return 1;
  }
  for (int i = 3; i < argc; ++i) {
    const Result<void> result = (*producer)->publish(argv[2], argv[i]);
    if (!result) {
      const bool repeats = client::outcome_of(result) == client::Outcome::unknown;
      fmt::print(stderr, "{}: {}{}\n", argv[i], result.error().text(),
                 repeats ? " (it may have arrived)" : "");
      return 1;
    }
    fmt::print("published {}\n", argv[i]);
  }
  return 0;
}
