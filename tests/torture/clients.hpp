#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/torture/stage.hpp"
#include "tests/torture/topic_ledger.hpp"

namespace nsq::torture {

using Ledgers = std::vector<std::unique_ptr<TopicLedger>>;

/// What every client thread shares. Outlives them.
struct World {
  std::uint64_t seed = 0;
  std::uint16_t tcp_port = 0;
  std::uint16_t http_port = 0;
  Stage& stage;
  Ledgers& ledgers;
  Report& report;
};

/// Calls `session` again and again while there is a daemon, and parks between. What it throws is a
/// violation: a daemon that runs answers.
template <class Session>
void serve(World& world, const std::string& who, Session session) {
  while (world.stage.await_open()) {
    try {
      session();
    } catch (const std::exception& e) {
      world.report.violation("a client gave up", who + ": " + e.what());
    }
  }
}

}  // namespace nsq::torture
