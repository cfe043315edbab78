#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/nsqd.hpp"
#include "tests/support/nsqlookupd.hpp"

namespace nsq::test {

/// Three nsqds, each registered with two nsqlookupds, on loopback. Each can be killed and started
/// again on its former ports. Used from one thread, the one that made it.
class Cluster {
 public:
  static constexpr std::size_t kNsqds = 3;
  static constexpr std::size_t kLookupds = 2;

  /// `more_lookupds`: TCP ports of further nsqlookupds that the nsqds register with.
  explicit Cluster(const std::vector<std::uint16_t>& more_lookupds = {});

  Nsqd& nsqd(std::size_t index) { return *nsqds_.at(index); }
  Nsqlookupd& lookupd(std::size_t index) { return *lookupds_.at(index); }
  std::vector<std::uint16_t> lookupd_http_ports() const { return http_ports_; }

  /// SIGKILL, and waits for the end.
  void kill_nsqd(std::size_t index);
  void kill_lookupd(std::size_t index);
  /// Starts the killed one again, and waits until it listens.
  void start_nsqd(std::size_t index) { nsqd(index).start_again(nsqd_args_); }
  void start_lookupd(std::size_t index);

  /// Waits until every nsqlookupd lists `nsqds` of them for the topic; false if the deadline of
  /// eventually.hpp passed first.
  bool all_list(const std::string& topic, std::size_t nsqds) const;

 private:
  std::array<std::unique_ptr<Nsqlookupd>, kLookupds> lookupds_;
  std::array<std::vector<std::string>, kLookupds> lookupd_args_;
  std::vector<std::uint16_t> http_ports_;
  std::vector<std::string> nsqd_args_;
  std::array<std::unique_ptr<Nsqd>, kNsqds> nsqds_;
};

}  // namespace nsq::test
