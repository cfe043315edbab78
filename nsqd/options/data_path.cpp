#include "nsqd/options/data_path.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>

#include <fmt/format.h>

namespace nsqd {
namespace {

// The system's reason as upstream's messages spell it: without the capital.
std::string reason(const boost::system::error_code& code) {
  std::string text = code.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

auto failed(int error, std::string_view what) {
  const boost::system::error_code code(error, boost::system::system_category());
  return nsq::fail(code, fmt::format("failed to lock data-path: {}{}", what, reason(code)));
}

}  // namespace

nsq::Result<DataPathLock> DataPathLock::acquire(const std::string& directory, Use use) {
  const std::string path = directory.empty() ? "." : directory;
  DataPathLock lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.fd_ < 0) return failed(errno, fmt::format("open {}: ", path));
  // The effective user counts, and a file system that is read-only denies even root.
  if (use == Use::write && ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return failed(errno, fmt::format("write {}: ", path));
  }
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    const boost::system::error_code code(errno, boost::system::system_category());
    return nsq::fail(code, fmt::format("failed to lock data-path: cannot flock directory {} - {} "
                                       "(possibly in use by another instance of nsqd)",
                                       path, reason(code)));
  }
  return lock;
}

DataPathLock& DataPathLock::operator=(DataPathLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

DataPathLock::~DataPathLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace nsqd
