#pragma once

#include <string>
#include <string_view>

namespace nsq::config {

/// The version that programs report: the upstream release that they are compatible with.
std::string_view version() noexcept;

/// `nsqd v1.3.0 (built w/clang 19.1.7)`: what a daemon prints for --version and logs at start.
std::string daemon_version_line(std::string_view program);

}  // namespace nsq::config
