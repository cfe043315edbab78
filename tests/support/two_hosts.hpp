#pragma once

#include <expected>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nsq::test {

/// A network namespace. Movable; goes with its object and the processes in it.
class NetworkNamespace {
 public:
  /// A fresh one. @return or why this machine or user may not have one.
  static std::expected<NetworkNamespace, std::string> make();

  NetworkNamespace(NetworkNamespace&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  NetworkNamespace& operator=(NetworkNamespace&&) = delete;
  ~NetworkNamespace();

  int fd() const noexcept { return fd_; }

 private:
  explicit NetworkNamespace(int fd) noexcept : fd_(fd) {}

  int fd_;
};

/// While it lives, what its thread opens and starts is in that namespace.
class InNamespace {
 public:
  explicit InNamespace(const NetworkNamespace& target);
  ~InNamespace();
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;

 private:
  int home_;
};

/// Two network namespaces with loopbacks of their own, joined by a cable that can be cut. The rest
/// of the machine is not touched. Used from one thread.
class TwoHosts {
 public:
  /// @return or why there can be none here: no right to make namespaces, no `ip` program, no veth.
  static std::expected<TwoHosts, std::string> make();

  /// The address of host 0 or 1 on the cable.
  static std::string address(int host) { return host == 0 ? "10.77.0.1" : "10.77.0.2"; }

  /// Runs `work` on host 0 or 1 and returns its result.
  template <class Work>
  std::invoke_result_t<Work> on(int host, Work work) const {
    const InNamespace inside(host == 0 ? first_ : second_);
    return work();
  }

  /// What is sent from now on is lost, without any sign of it.
  void cut() const;
  void mend() const;

 private:
  TwoHosts(NetworkNamespace first, NetworkNamespace second)
      : first_(std::move(first)), second_(std::move(second)) {}
  /// Runs `ip` with these words on a host. @return its complaint, empty if there is none.
  std::string ip(int host, const std::vector<std::string>& words) const;
  std::string lay_cable() const;

  NetworkNamespace first_;
  NetworkNamespace second_;
};

}  // namespace nsq::test
