#include "common/net/http_access_log.hpp"

#include <utility>

#include "common/config/values.hpp"

namespace nsq::net {

std::function<void(const HttpAccess&)> make_access_log(Logger logger) {
  return [logger = std::move(logger)](const HttpAccess& access) {
    if (!logger.enabled(LogLevel::info)) return;
    logger.info("{} {} {} ({}) {}", access.status, access.method, access.target, access.remote,
                config::format_duration(access.elapsed));
  };
}

}  // namespace nsq::net
