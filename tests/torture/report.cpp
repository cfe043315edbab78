#include "tests/torture/report.hpp"

#include <fmt/format.h>

namespace nsq::torture {

constexpr std::size_t kDetailsKept = 20;

void Report::violation(const std::string& kind, const std::string& detail) {
  const std::scoped_lock lock(mu_);
  Group& group = groups_[kind];
  ++group.count;
  if (group.details.size() < kDetailsKept) group.details.push_back(detail);
}

bool Report::clean() const {
  const std::scoped_lock lock(mu_);
  return groups_.empty();
}

std::string Report::text() const {
  const std::scoped_lock lock(mu_);
  std::string out;
  for (const auto& [kind, group] : groups_) {
    out += fmt::format("{}: {}\n", kind, group.count);
    for (const auto& detail : group.details) out += fmt::format("  {}\n", detail);
    if (group.count > group.details.size()) {
      out += fmt::format("  and {} more\n", group.count - group.details.size());
    }
  }
  return out;
}

}  // namespace nsq::torture
