#include "nsqd/http/access_log.hpp"

#include <utility>

#include "common/config/values.hpp"

namespace nsqd {

std::function<void(const nsq::net::HttpAccess&)> make_access_log(nsq::Logger logger) {
  return [logger = std::move(logger)](const nsq::net::HttpAccess& access) {
    if (!logger.enabled(nsq::LogLevel::info)) return;
    logger.info("{} {} {} ({}) {}", access.status, access.method, access.target, access.remote,
                nsq::config::format_duration(access.elapsed));
  };
}

}  // namespace nsqd
