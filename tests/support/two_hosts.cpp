#include "tests/support/two_hosts.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "tests/support/daemon_process.hpp"

namespace nsq::test {
namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

int open_own_namespace() {
  return ::open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
}

std::string ip_program() {
  for (const char* path : {"/usr/sbin/ip", "/usr/bin/ip", "/sbin/ip", "/bin/ip"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

}  // namespace

std::expected<NetworkNamespace, std::string> NetworkNamespace::make() {
  const int home = open_own_namespace();
  if (home < 0) return std::unexpected(std::string(kOwnNamespace) + ": " + strerror(errno));
  if (::unshare(CLONE_NEWNET) != 0) {
    const std::string why = strerror(errno);
    ::close(home);
    return std::unexpected("no network namespaces for this user: " + why);
  }
  const int made = open_own_namespace();
  const bool back = ::setns(home, CLONE_NEWNET) == 0;
  ::close(home);
  if (!back || made < 0) throw std::runtime_error("lost between network namespaces");
  return NetworkNamespace(made);
}

NetworkNamespace::~NetworkNamespace() {
  if (fd_ >= 0) ::close(fd_);
}

InNamespace::InNamespace(const NetworkNamespace& target) : home_(open_own_namespace()) {
  if (home_ < 0 || ::setns(target.fd(), CLONE_NEWNET) != 0) {
    throw std::runtime_error(std::string("setns: ") + strerror(errno));
  }
}

InNamespace::~InNamespace() {
  if (::setns(home_, CLONE_NEWNET) != 0) std::abort();  // every later test would run elsewhere
  ::close(home_);
}

std::expected<TwoHosts, std::string> TwoHosts::make() {
  if (ip_program().empty()) return std::unexpected("there is no ip program (package iproute2)");
  auto first = NetworkNamespace::make();
  if (!first) return std::unexpected(first.error());
  auto second = NetworkNamespace::make();
  if (!second) return std::unexpected(second.error());
  TwoHosts hosts(std::move(*first), std::move(*second));
  if (const std::string why = hosts.lay_cable(); !why.empty()) return std::unexpected(why);
  return hosts;
}

std::string TwoHosts::ip(int host, const std::vector<std::string>& words) const {
  const Finished done = on(host, [&] { return run_to_end(ip_program(), words); });
  if (done.status == exited(0)) return {};
  std::string command = "ip";
  for (const auto& word : words) command += " " + word;
  return command + ": " + done.err;
}

std::string TwoHosts::lay_cable() const {
  const std::string second =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(second_.fd());
  std::string why = ip(0, {"link", "add", "cable0", "type", "veth", "peer", "name", "cable1"});
  if (why.empty()) why = ip(0, {"link", "set", "cable1", "netns", second});
  for (const int host : {0, 1}) {
    const std::string end = "cable" + std::to_string(host);
    if (why.empty()) why = ip(host, {"address", "add", address(host) + "/24", "dev", end});
    if (why.empty()) why = ip(host, {"link", "set", "lo", "up"});
    if (why.empty()) why = ip(host, {"link", "set", end, "up"});
  }
  return why;
}

void TwoHosts::cut() const {
  if (const auto why = ip(1, {"link", "set", "cable1", "down"}); !why.empty()) {
    throw std::runtime_error(why);
  }
}

void TwoHosts::mend() const {
  if (const auto why = ip(1, {"link", "set", "cable1", "up"}); !why.empty()) {
    throw std::runtime_error(why);
  }
}

}  // namespace nsq::test
