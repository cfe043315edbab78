#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nsq::test {

/// What was promised to publishers, what reached consumers, and which nsqd was killed when; knows
/// from it what was lost, and what came again that should not. An nsqd is named by its TCP port.
/// Any thread.
class ClusterLedger {
 public:
  using Clock = std::chrono::steady_clock;

  /// Before a publish; each body is published once.
  void publishing(std::uint16_t nsqd, const std::string& body);
  /// The nsqd answered OK.
  void acknowledged(std::uint16_t nsqd, const std::string& body);
  /// @param which  the message's id and attempts, for the violation's line.
  void received(const std::string& channel, std::uint16_t nsqd, std::string_view body,
                std::string which);
  /// From now until restarting() no message of it can arrive that was not on its way.
  void killed(std::uint16_t nsqd);
  void restarting(std::uint16_t nsqd);

  std::size_t acknowledged_count(std::uint16_t nsqd) const;
  /// Distinct bodies of this nsqd that reached the channel.
  std::size_t received_count(const std::string& channel, std::uint16_t nsqd) const;

  /// Acknowledged bodies that have not reached the channel.
  std::vector<std::string> lost(const std::string& channel) const;
  /// What must not be, a line each: bodies that nobody published or that came from another nsqd,
  /// and bodies that came again though no kill explains it. A kill explains a second delivery of
  /// what that nsqd delivered shortly before it, for FINs are written with a delay.
  std::vector<std::string> violations() const;

 private:
  struct Delivery {
    std::uint16_t nsqd;
    Clock::time_point at;
    std::string which;
  };
  struct Life {
    Clock::time_point killed;
    Clock::time_point restarting = Clock::time_point::max();
  };

  std::string text(const Delivery& delivery) const;
  bool explained(const Delivery& first, const Delivery& second) const;

  mutable std::mutex mu_;  // guards what follows
  std::unordered_map<std::string, std::uint16_t> published_;
  std::map<std::uint16_t, std::set<std::string>> acknowledged_;
  std::map<std::string, std::unordered_map<std::string, std::vector<Delivery>>> deliveries_;
  std::map<std::string, std::map<std::uint16_t, std::size_t>> received_counts_;
  std::map<std::uint16_t, std::vector<Life>> kills_;
};

}  // namespace nsq::test
