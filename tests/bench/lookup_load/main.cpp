// lookup_load get|register …: load for a nsqlookupd; prints one JSON object. See ../README.md.

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/report.hpp"
#include "clients/tools/nsq_bench/socket.hpp"
#include "common/config/flag_set.hpp"
#include "tests/bench/lookup_load/getters.hpp"
#include "tests/bench/lookup_load/registrants.hpp"

namespace {

using namespace nsq;
using namespace nsq::bench;

constexpr int kBadUsage = 2;

void print(const Report& report) {
  fmt::print("{}\n", report.json());
  std::fflush(stdout);
}

int failed(const Error& error) {
  fmt::print(stderr, "lookup_load: {}\n", error.text());
  return 1;
}

int get(int argc, char** argv) {
  GetPlan plan;
  config::FlagSet flags("lookup_load get");
  flags.add({.flag = "http-address", .help = "nsqlookupd's HTTP address"}, plan.http_address);
  flags.add({.flag = "target", .help = "path and query to ask for"}, plan.target);
  flags.add({.flag = "connections", .help = "that ask at once", .bounds = config::kPositive},
            plan.connections);
  flags.add({.flag = "runfor", .help = "how long", .bounds = config::kPositive}, plan.run_for);
  if (auto status = config::parse_for_tool(flags, argc, argv)) return *status;
  if (auto ok = flags.check_bounds(); !ok) return failed(ok.error());
  auto outcome = run_gets(plan);
  if (!outcome) return failed(outcome.error());
  Report report;
  report.number("per_s", "", static_cast<double>(outcome->latency.count()) / outcome->seconds, "",
                0);
  report.latency("latency", "", outcome->latency);
  report.count("body_bytes", "", outcome->body_bytes);
  print(report);
  return 0;
}

void wait_for_end_of_input() {
  std::array<char, 256> ignored;
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}

int register_peers(int argc, char** argv) {
  RegisterPlan plan;
  config::FlagSet flags("lookup_load register");
  flags.add({.flag = "tcp-address", .help = "nsqlookupd's TCP address"}, plan.tcp_address);
  flags.add({.flag = "peers", .help = "nsqds", .bounds = config::kPositive}, plan.peers);
  flags.add({.flag = "topics", .help = "of each", .bounds = config::kPositive}, plan.topics);
  flags.add({.flag = "distinct", .help = "each nsqd has topics of its own"}, plan.distinct);
  flags.add(
      {.flag = "concurrency", .help = "nsqds that register at once", .bounds = config::kPositive},
      plan.concurrency);
  if (auto status = config::parse_for_tool(flags, argc, argv)) return *status;
  if (auto ok = flags.check_bounds(); !ok) return failed(ok.error());
  raise_file_limit();
  auto registrants = Registrants::run(plan);
  if (!registrants) return failed(registrants.error());
  const RegisterOutcome& outcome = (*registrants)->outcome();
  Report report;
  const auto commands = outcome.identify.count() + outcome.register_topic.count();
  report.number("per_s", "", static_cast<double>(commands) / outcome.seconds, "", 0);
  report.latency("identify", "", outcome.identify);
  report.latency("register", "", outcome.register_topic);
  print(report);
  wait_for_end_of_input();  // registered until then
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "get") return get(argc - 1, argv + 1);
  if (mode == "register") return register_peers(argc - 1, argv + 1);
  fmt::print(stderr, "usage: lookup_load get|register [flags]; -h behind either shows them\n");
  return kBadUsage;
}
