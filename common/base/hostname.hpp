#pragma once

#include <string>

namespace nsq {

/// The operating system's name of this host; "localhost" if it has none. Any thread.
std::string os_hostname();

}  // namespace nsq
