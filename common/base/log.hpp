#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

namespace nsq {

/// Severity, numbered as `GET /config/log_level` shows it.
enum class LogLevel : int { debug = 1, info = 2, warn = 3, error = 4, fatal = 5 };

/// "debug", "info", "warn", "error", "fatal" in any letter case; nothing else ("warning" is not
/// one).
std::optional<LogLevel> parse_log_level(std::string_view text);

/// The spelling that parse_log_level takes.
std::string_view to_string(LogLevel level);

/// `text` with control bytes as `\x0a`, so that what a client sends cannot pass for lines of ours.
std::string printable(std::string_view text);

/// Where lines go. One per process; loggers share it.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Writes one line. Any thread; must not throw.
  virtual void write(LogLevel level, std::string_view text) = 0;
};

/// The form of a line.
enum class LogFormat { text, json };

/// "text" or "json".
std::optional<LogFormat> parse_log_format(std::string_view text);
std::string_view to_string(LogFormat format);

/// stderr, one line each. As text: `<prefix>YYYY/MM/DD HH:MM:SS.uuuuuu LEVEL: text`, local time,
/// LEVEL one of DEBUG INFO WARNING ERROR FATAL. Source: spec/nsqd.md 9.7.
///
/// As JSON: `{"time":"<RFC 3339, microseconds,
/// UTC>","level":"info","program":"nsqd","message":"…"}`, the level as to_string spells it, the
/// program being the prefix without brackets and blanks, bytes that are not UTF-8 as U+FFFD.
std::shared_ptr<LogSink> make_stderr_sink(std::string prefix, LogFormat format = LogFormat::text);

/// A logger: a sink, and the lowest level that passes. Handed in, never global. Cheap to copy;
/// copies share sink and level, so a level changed at run time reaches every subsystem.
/// Thread-safe.
class Logger {
 public:
  /// Drops everything.
  Logger();
  Logger(std::shared_ptr<LogSink> sink, LogLevel level);

  LogLevel level() const noexcept { return level_->load(std::memory_order_relaxed); }
  void set_level(LogLevel level) const noexcept { level_->store(level, std::memory_order_relaxed); }
  bool enabled(LogLevel level) const noexcept { return level >= this->level(); }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::debug, format, args...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::info, format, args...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::warn, format, args...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::error, format, args...);
  }
  template <class... Args>
  void fatal(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::fatal, format, args...);
  }

 private:
  template <class... Args>
  void log(LogLevel level, fmt::string_view format, const Args&... args) const {
    if (enabled(level)) vlog(level, format, fmt::make_format_args(args...));
  }
  void vlog(LogLevel level, fmt::string_view format, fmt::format_args args) const;

  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<std::atomic<LogLevel>> level_;
};

}  // namespace nsq
