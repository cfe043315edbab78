#include "common/base/hostname.hpp"

#include <unistd.h>

#include <array>
#include <climits>

namespace nsq {

std::string os_hostname() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace nsq
