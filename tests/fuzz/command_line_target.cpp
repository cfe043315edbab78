#include <algorithm>
#include <string>

#include "common/base/assert.hpp"
#include "common/wire/command.hpp"
#include "common/wire/names.hpp"
#include "common/wire/number.hpp"
#include "tests/fuzz/targets.hpp"

namespace nsq::fuzz {
namespace {

using namespace nsq::wire;

void check_line(std::string_view whole, const CommandLine& line) {
  NSQ_ASSERT(whole.ends_with('\n') && whole.size() <= kMaxLineBytes);
  whole.remove_suffix(1);
  NSQ_ASSERT(whole.find('\n') == std::string_view::npos);
  if (whole.ends_with('\r')) whole.remove_suffix(1);

  const auto spaces = static_cast<std::size_t>(std::ranges::count(whole, ' '));
  NSQ_ASSERT(line.param_count == spaces);
  NSQ_ASSERT(line.command == Command::unknown || to_string(line.command) == line.name);
  std::string again(line.name);
  for (std::size_t i = 0; i < std::min(line.param_count, kMaxParams); ++i) {
    NSQ_ASSERT(line.params[i].find(' ') == std::string_view::npos);
    again += ' ';
    again += line.params[i];
  }
  NSQ_ASSERT(line.param_count <= kMaxParams ? again == whole : whole.starts_with(again + " "));
}

void check_param(std::string_view param) {
  const bool digits = std::ranges::all_of(param, [](char c) { return c >= '0' && c <= '9'; });
  NSQ_ASSERT(parse_decimal(param).has_value() == digits);
  NSQ_ASSERT(TopicName::parse(param).has_value() == is_valid_name(param));
  const std::string quoted = quote(param);
  NSQ_ASSERT(quoted.size() >= param.size() + 2 && quoted.front() == '"' && quoted.back() == '"');
}

}  // namespace

void fuzz_command_line(std::string_view input) {
  CommandLine line;
  while (true) {
    const LineStatus status = parse_command_line(input, line);
    const bool has_end = input.substr(0, kMaxLineBytes).find('\n') != std::string_view::npos;
    NSQ_ASSERT(has_end == (status == LineStatus::complete));
    if (status != LineStatus::complete) {
      NSQ_ASSERT((status == LineStatus::too_long) == (input.size() >= kMaxLineBytes));
      return;
    }
    NSQ_ASSERT(line.consumed > 0 && line.consumed <= input.size());
    check_line(input.substr(0, line.consumed), line);
    for (const std::string_view param : line.params) check_param(param);
    input.remove_prefix(line.consumed);
  }
}

}  // namespace nsq::fuzz
