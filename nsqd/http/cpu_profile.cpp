#include "nsqd/http/cpu_profile.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <gperftools/profiler.h>

namespace nsqd {
namespace {

std::unexpected<nsq::Error> system_error(const char* what) {
  const boost::system::error_code code(errno, boost::system::system_category());
  return nsq::fail(code, fmt::format("{}: {}", what, code.message()));
}

nsq::Result<std::string> contents(int file) {
  struct stat info{};
  if (::fstat(file, &info) != 0) return system_error("cannot read the profile");
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto got =
        ::pread(file, text.data() + have, text.size() - have, static_cast<::off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the profile");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

}  // namespace

nsq::Result<std::unique_ptr<CpuProfile>> CpuProfile::start() {
  const int file = ::memfd_create("nsqd-cpu-profile", MFD_CLOEXEC);
  if (file < 0) return system_error("no file for the profile");
  // The profiler takes a name, opens it by itself, and takes a second start as a failure, which is
  // all the mutual exclusion that is needed.
  if (::ProfilerStart(fmt::format("/proc/self/fd/{}", file).c_str()) == 0) {
    ::close(file);
    return nsq::fail(nsq::Errc::rejected, "another CPU profile is being taken");
  }
  return std::unique_ptr<CpuProfile>(new CpuProfile(file));
}

CpuProfile::~CpuProfile() {
  if (running_) ::ProfilerStop();
  ::close(file_);
}

nsq::Result<std::string> CpuProfile::finish() {
  if (std::exchange(running_, false)) ::ProfilerStop();
  return contents(file_);
}

}  // namespace nsqd
