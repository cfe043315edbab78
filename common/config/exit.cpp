#include "common/config/exit.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "common/base/log.hpp"

namespace nsq::config {

int report(const Exit& exit, std::string_view program) {
  switch (exit.stream) {
    case Exit::Stream::out:
      fmt::print(stdout, "{}\n", exit.text);
      break;
    case Exit::Stream::err:
      fmt::print(stderr, "{}\n", exit.text);
      break;
    case Exit::Stream::fatal_log:
      Logger(make_stderr_sink(fmt::format("[{}] ", program)), LogLevel::fatal)
          .fatal("{}", exit.text);
      break;
  }
  return exit.status;
}

Exit fatal_exit(std::string text) {
  return {.status = 1, .stream = Exit::Stream::fatal_log, .text = std::move(text)};
}

}  // namespace nsq::config
