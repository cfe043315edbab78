#include "clients/nsq/log_sink.hpp"

#include <cstdio>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace nsq::client {

namespace {

std::string_view tag(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "DBG";
    case LogLevel::info:
      return "INF";
    case LogLevel::warn:
      return "WRN";
    default:
      return "ERR";
  }
}

class ClientSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view text) override {
    log_line(fmt::format("{:<4} {}", tag(level), text));
  }
};

}  // namespace

std::shared_ptr<LogSink> make_client_sink() {
  return std::make_shared<ClientSink>();
}

void log_line(std::string_view text) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  const std::string line = fmt::format("{:%Y/%m/%d %H:%M:%S} {}\n", local, text);
  std::fwrite(line.data(), 1, line.size(), stderr);  // stderr is unbuffered: one write
}

}  // namespace nsq::client
