#include "common/config/log_level.hpp"

#include <fmt/format.h>

namespace nsq::config {

Custom log_level(LogLevel& target) {
  return {.set = [&target](std::string_view text) -> Result<void> {
            const auto level = parse_log_level(text);
            if (!level) {
              return fail(
                  Errc::bad_config,
                  fmt::format("invalid log level '{}' (debug, info, warn, error, fatal)", text));
            }
            target = *level;
            return {};
          },
          .text = [&target] { return std::string(to_string(target)); },
          .shown = [&target] { return fmt::format("{}", static_cast<int>(target)); }};
}

Custom log_format(LogFormat& target) {
  const auto name = [&target] { return std::string(to_string(target)); };
  return {.set = [&target](std::string_view text) -> Result<void> {
            const auto format = parse_log_format(text);
            if (!format) {
              return fail(Errc::bad_config,
                          fmt::format("invalid log format '{}' (text, json)", text));
            }
            target = *format;
            return {};
          },
          .text = name,
          .shown = name};
}

}  // namespace nsq::config
