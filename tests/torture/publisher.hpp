#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "tests/support/simple_http.hpp"
#include "tests/torture/clients.hpp"
#include "tests/torture/link.hpp"
#include "tests/torture/random.hpp"

namespace nsq::torture {

/// A publisher to all topics by PUB, MPUB and DPUB, several of them before it reads the answers. A
/// batch counts as promised when its OK was read.
class TcpPublisher {
 public:
  TcpPublisher(World& world, std::uint64_t stream) : world_(world), random_(world.seed, stream) {}
  void run();

 private:
  struct Sent {
    TopicLedger* topic = nullptr;
    Batch batch;
  };

  void session();
  std::string make_command();
  bool read_answers(Link& link);

  World& world_;
  Random random_;
  std::deque<Sent> sent_;  // without an answer yet
};

/// The same by HTTP: /pub, deferred or not, and /mpub in both forms.
class HttpPublisher {
 public:
  HttpPublisher(World& world, std::uint64_t stream) : world_(world), random_(world.seed, stream) {}
  void run();

 private:
  void session();
  bool publish(test::SimpleHttp& http);

  World& world_;
  Random random_;
};

}  // namespace nsq::torture
