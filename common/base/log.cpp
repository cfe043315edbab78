#include "common/base/log.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace nsq {
namespace {

constexpr std::array<std::pair<LogLevel, std::string_view>, 5> kLevels{{
    {LogLevel::debug, "debug"},
    {LogLevel::info, "info"},
    {LogLevel::warn, "warn"},
    {LogLevel::error, "error"},
    {LogLevel::fatal, "fatal"},
}};

std::string_view tag(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO";
    case LogLevel::warn:
      return "WARNING";
    case LogLevel::error:
      return "ERROR";
    case LogLevel::fatal:
      return "FATAL";
  }
  return "INFO";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i]))) {
      return false;
    }
  }
  return true;
}

class StderrSink final : public LogSink {
 public:
  explicit StderrSink(std::string prefix) : prefix_(std::move(prefix)) {
    sink_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::local, "\n"));
    stamp_ = std::make_unique<spdlog::pattern_formatter>("%Y/%m/%d %H:%M:%S.%f",
                                                         spdlog::pattern_time_type::local, "");
  }

  void write(LogLevel level, std::string_view text) override {
    // spdlog's own level names cannot be ours (WARNING, FATAL), so the line is put together here.
    spdlog::details::log_msg when({}, spdlog::level::info, {});
    spdlog::memory_buf_t line;
    line.append(prefix_);
    {
      const std::lock_guard lock(
          stamp_mutex_);  // the formatter caches the second it formatted last
      stamp_->format(when, line);
    }
    fmt::format_to(std::back_inserter(line), " {}: {}", tag(level), text);
    when.payload = spdlog::string_view_t(line.data(), line.size());
    sink_.log(when);
    sink_.flush();
  }

 private:
  const std::string prefix_;
  std::mutex stamp_mutex_;
  std::unique_ptr<spdlog::formatter> stamp_;
  spdlog::sinks::stderr_sink_mt sink_;
};

/// `[nsqd] ` is the program `nsqd`.
std::string program_of(std::string_view prefix) {
  constexpr std::string_view kAround = "[]() :";
  const auto begin = prefix.find_first_not_of(kAround);
  if (begin == prefix.npos) return {};
  return std::string(prefix.substr(begin, prefix.find_last_not_of(kAround) - begin + 1));
}

class JsonSink final : public LogSink {
 public:
  explicit JsonSink(std::string_view prefix) : program_(json_string(program_of(prefix))) {
    sink_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
  }

  void write(LogLevel level, std::string_view text) override {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto micros = std::chrono::floor<std::chrono::microseconds>(now - seconds).count();
    const std::time_t stamp = std::chrono::system_clock::to_time_t(seconds);
    std::tm utc{};
    ::gmtime_r(&stamp, &utc);
    const std::string line = fmt::format(
        R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:06}Z","level":"{}","program":{},"message":{}}})", utc,
        micros, to_string(level), program_, json_string(text));
    sink_.log({{}, spdlog::level::info, line});
    sink_.flush();
  }

 private:
  static std::string json_string(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  const std::string program_;  // as JSON
  spdlog::sinks::stderr_sink_mt sink_;
};

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const auto& [level, name] : kLevels) {
    if (equal_ignoring_case(text, name)) return level;
  }
  return std::nullopt;
}

std::string_view to_string(LogLevel level) {
  for (const auto& [value, name] : kLevels) {
    if (value == level) return name;
  }
  return "info";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::text;
  if (text == "json") return LogFormat::json;
  return std::nullopt;
}

std::string_view to_string(LogFormat format) {
  return format == LogFormat::json ? "json" : "text";
}

std::shared_ptr<LogSink> make_stderr_sink(std::string prefix, LogFormat format) {
  if (format == LogFormat::json) return std::make_shared<JsonSink>(prefix);
  return std::make_shared<StderrSink>(std::move(prefix));
}

Logger::Logger() : Logger(nullptr, LogLevel::fatal) {}

Logger::Logger(std::shared_ptr<LogSink> sink, LogLevel level)
    : sink_(std::move(sink)), level_(std::make_shared<std::atomic<LogLevel>>(level)) {}

void Logger::vlog(LogLevel level, fmt::string_view format, fmt::format_args args) const {
  if (!sink_) return;
  fmt::memory_buffer text;
  fmt::vformat_to(std::back_inserter(text), format, args);
  sink_->write(level, {text.data(), text.size()});
}

}  // namespace nsq
