#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tests/torture/director.hpp"

namespace {

int torture(const nsq::torture::Options& options) {
  fmt::print("nsq_torture --seed {} --rounds {}\n", options.seed, options.rounds);
  std::fflush(stdout);
  nsq::torture::Director director(options);
  bool well = false;
  try {
    well = director.run();
  } catch (const std::runtime_error& error) {
    fmt::print("gave up: {}\n", error.what());
  }
  fmt::print("{}", director.findings());
  if (!well) director.keep_data();
  fmt::print("torture: {} (seed {})\n",
             well ? "nothing lost, nothing early, nothing changed" : "FAILED", options.seed);
  return well ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args == std::vector<std::string>{"--help"}) {
    fmt::print("{}", nsq::torture::usage());
    return 0;
  }
  try {
    return torture(nsq::torture::parse_options(args));
  } catch (const std::exception& error) {
    fmt::print(stderr, "nsq_torture: {}\n", error.what());
    return 1;
  }
}
