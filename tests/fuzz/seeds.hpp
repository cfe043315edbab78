#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nsq::fuzz {

/// A fuzzing target with inputs that reach most of it.
struct Target {
  std::string_view name;
  void (*run)(std::string_view input);
  std::vector<std::string> seeds;
};

/// All targets.
std::vector<Target> all_targets();

}  // namespace nsq::fuzz
