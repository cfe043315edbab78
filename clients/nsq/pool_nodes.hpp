#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "clients/nsq/address.hpp"
#include "clients/nsq/producer_pool.hpp"
#include "clients/nsq/reconnect.hpp"
#include "common/base/clock.hpp"

namespace nsq::client {

/// Which of several nsqds a publish goes to. Time is an argument. Not thread-safe.
///
/// A node that failed is broken until a delay has passed, which grows as of ReconnectSchedule; then
/// one publish tries it. What works is broken no more.
class PoolNodes {
 public:
  /// `model`: the delays of each node.
  PoolNodes(PoolPolicy policy, ReconnectSchedule model) : policy_(policy), model_(model) {}

  /// These and no others, in this order. Known ones keep their state.
  void set(const std::vector<Address>& nodes);
  bool empty() const noexcept { return nodes_.empty(); }
  bool contains(const Address& node) const noexcept;
  std::size_t size() const noexcept { return nodes_.size(); }
  std::size_t broken() const noexcept;

  /// The node to try next, none of `tried`; only when all others were tried one that is broken and
  /// not due. nullopt: all were tried.
  std::optional<Address> pick(MonoTime now, const std::vector<Address>& tried);
  void worked(const Address& node);
  /// True: it was not broken before.
  bool failed(const Address& node, MonoTime now);

 private:
  struct Node {
    Address address;
    ReconnectSchedule delays;
    bool broken = false;
    MonoTime due{};  ///< of a broken one: when to try it
  };

  Node* find(const Address& node) noexcept;

  PoolPolicy policy_;
  ReconnectSchedule model_;
  std::vector<Node> nodes_;
  std::size_t next_ = 0;  ///< where round robin goes on
};

}  // namespace nsq::client
