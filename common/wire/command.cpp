#include "common/wire/command.hpp"

#include <algorithm>
#include <cstring>

namespace nsq::wire {

Command command_from_name(std::string_view name) noexcept {
  // By length first, so that each comparison is one of a constant size.
  switch (name.size()) {
    case 3:
      if (name == "FIN") return Command::fin;
      if (name == "PUB") return Command::pub;
      if (name == "RDY") return Command::rdy;
      if (name == "REQ") return Command::req;
      if (name == "NOP") return Command::nop;
      if (name == "SUB") return Command::sub;
      if (name == "CLS") return Command::cls;
      break;
    case 4:
      if (name == "MPUB") return Command::mpub;
      if (name == "DPUB") return Command::dpub;
      if (name == "AUTH") return Command::auth;
      break;
    case 5:
      if (name == "TOUCH") return Command::touch;
      break;
    case 8:
      if (name == "IDENTIFY") return Command::identify;
      break;
    default:
      break;
  }
  return Command::unknown;
}

std::string_view to_string(Command command) noexcept {
  switch (command) {
    case Command::unknown:
      return "";
    case Command::identify:
      return "IDENTIFY";
    case Command::auth:
      return "AUTH";
    case Command::sub:
      return "SUB";
    case Command::pub:
      return "PUB";
    case Command::mpub:
      return "MPUB";
    case Command::dpub:
      return "DPUB";
    case Command::rdy:
      return "RDY";
    case Command::fin:
      return "FIN";
    case Command::req:
      return "REQ";
    case Command::touch:
      return "TOUCH";
    case Command::nop:
      return "NOP";
    case Command::cls:
      return "CLS";
  }
  return "";
}

LineStatus parse_command_line(std::string_view in, CommandLine& line) noexcept {
  if (in.empty()) return LineStatus::need_more;
  const void* lf = std::memchr(in.data(), '\n', std::min(in.size(), kMaxLineBytes));
  if (lf == nullptr)
    return in.size() < kMaxLineBytes ? LineStatus::need_more : LineStatus::too_long;

  const char* at = in.data();
  const char* end = static_cast<const char*>(lf);
  line.consumed = static_cast<std::size_t>(end - at) + 1;
  if (end != at && end[-1] == '\r') --end;

  const auto cut = [&at, end](const char* to) {
    const std::string_view token(at, static_cast<std::size_t>(to - at));
    at = to == end ? to : to + 1;
    return token;
  };
  const auto next_space = [&at, end] {
    return static_cast<const char*>(std::memchr(at, ' ', static_cast<std::size_t>(end - at)));
  };

  const char* space = next_space();
  line.name = cut(space == nullptr ? end : space);
  line.command = command_from_name(line.name);
  line.params = {};
  line.param_count = 0;
  while (space != nullptr) {
    space = next_space();
    const std::string_view param = cut(space == nullptr ? end : space);
    if (line.param_count < kMaxParams) line.params[line.param_count] = param;
    ++line.param_count;
  }
  return LineStatus::complete;
}

}  // namespace nsq::wire
