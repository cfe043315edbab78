#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/torture/clients.hpp"
#include "tests/torture/random.hpp"

namespace nsq::torture {

/// Pauses and unpauses topics and channels and creates the late channels, over HTTP, and remembers
/// what it was told had been done. Its thread is a client like the others; the director calls the
/// rest while the clients are parked.
class Administrator {
 public:
  Administrator(World& world, std::uint64_t stream);

  void run();

  /// Creates all topics and channels that are not late. Throws if that fails.
  void create_all();
  /// Compares /stats with what must be there and paused; notes which channels begin this run
  /// paused.
  void check_after_start(int run);
  /// Unpauses everything. Throws if that fails.
  void unpause_all();

 private:
  static constexpr std::size_t kWholeTopic = static_cast<std::size_t>(-1);

  // A topic, or one channel of it.
  struct Place {
    std::size_t topic = 0;
    std::size_t channel = kWholeTopic;
    std::optional<bool> paused = false;  // nothing: asked for, and not answered
  };

  void session();
  bool post(const std::string& action, const Place& place, const std::string& more = {});
  void toggle(Place& place);
  void create_late(Place& place);
  void check(Place& place, const std::optional<bool>& shown, int run);
  std::string name(const Place& place) const;

  World& world_;
  Random random_;
  std::vector<Place> places_;
};

}  // namespace nsq::torture
