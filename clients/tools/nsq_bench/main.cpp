#include <cstdio>

#include <fmt/core.h>

#include "clients/tools/nsq_bench/modes.hpp"
#include "clients/tools/nsq_bench/supervise.hpp"
#include "common/config/flag_set.hpp"

namespace {

constexpr int kBadUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace nsq::bench;
  const std::string_view first = argc > 1 ? argv[1] : "";
  const auto mode = parse_mode(first);
  if (!mode) {
    const bool help = first == "-h" || first == "-help" || first == "--help";
    if (!help && !first.empty()) fmt::print(stderr, "nsq_bench: no such mode: {}\n", first);
    fmt::print(stderr, "{}", modes_help());
    return help ? 0 : kBadUsage;
  }
  Options options;
  options.mode = *mode;
  nsq::config::FlagSet flags(fmt::format("nsq_bench {}", first));
  declare_flags(flags, options);
  if (auto status = nsq::config::parse_for_tool(flags, argc - 1, argv + 1)) return *status;
  auto checked = flags.check_bounds();
  if (checked) checked = validate(options);
  if (!checked) {
    fmt::print(stderr, "nsq_bench: {}\n", checked.error().text());
    return 1;
  }
  catch_signals();
  auto status = run_mode(options);
  if (!status) {
    fmt::print(stderr, "nsq_bench: {}\n", status.error().text());
    return 1;
  }
  return *status;
}
