#include "clients/tools/support/stop_signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace nsq::tools {

StopSignals::StopSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignals::~StopSignals() {
  ::close(fd_);
}

Woken StopSignals::wait(int fd, std::optional<Nanoseconds> limit) const {
  std::array<pollfd, 2> fds{pollfd{.fd = fd_, .events = POLLIN, .revents = 0},
                            pollfd{.fd = fd, .events = POLLIN, .revents = 0}};
  const auto deadline = std::chrono::steady_clock::now() + limit.value_or(Nanoseconds(0));
  for (;;) {
    timespec left{};
    if (limit) {
      const Nanoseconds rest =
          std::max<Nanoseconds>(deadline - std::chrono::steady_clock::now(), Nanoseconds(0));
      left.tv_sec = rest / Seconds(1);
      left.tv_nsec = (rest % Seconds(1)).count();
    }
    const int ready = ::ppoll(fds.data(), fds.size(), limit ? &left : nullptr, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (fds[0].revents != 0) return Woken::signal;  // it is not read, so it stays
    return ready > 0 ? Woken::readable : Woken::timeout;
  }
}

}  // namespace nsq::tools
