#include "common/config/version.hpp"

#include <fmt/format.h>

namespace nsq::config {

std::string_view version() noexcept {
  return NSQ_VERSION;
}

std::string daemon_version_line(std::string_view program) {
  return fmt::format("{} v{} (built w/clang {}.{}.{})", program, version(), __clang_major__,
                     __clang_minor__, __clang_patchlevel__);
}

}  // namespace nsq::config
