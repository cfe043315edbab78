#include "clients/nsq/pool_nodes.hpp"

#include <algorithm>
#include <utility>

namespace nsq::client {

void PoolNodes::set(const std::vector<Address>& nodes) {
  std::vector<Node> now;
  for (const Address& address : nodes) {
    Node* const known = find(address);
    now.push_back(known ? std::move(*known) : Node{.address = address, .delays = model_});
  }
  nodes_ = std::move(now);
}

PoolNodes::Node* PoolNodes::find(const Address& node) noexcept {
  const auto at = std::ranges::find(nodes_, node, &Node::address);
  return at == nodes_.end() ? nullptr : &*at;
}

bool PoolNodes::contains(const Address& node) const noexcept {
  return std::ranges::find(nodes_, node, &Node::address) != nodes_.end();
}

std::size_t PoolNodes::broken() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(nodes_, true, &Node::broken));
}

std::optional<Address> PoolNodes::pick(MonoTime now, const std::vector<Address>& tried) {
  Node* last_resort = nullptr;
  const std::size_t begin = policy_ == PoolPolicy::round_robin ? next_ : 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::size_t at = (begin + i) % nodes_.size();
    Node& node = nodes_[at];
    if (std::ranges::find(tried, node.address) != tried.end()) continue;
    if (node.broken && node.due > now) {
      if (last_resort == nullptr || node.due < last_resort->due) last_resort = &node;
      continue;
    }
    next_ = at + 1;
    if (node.broken) node.due = now + node.delays.next();  // nobody else tries it meanwhile
    return node.address;
  }
  if (last_resort == nullptr) return std::nullopt;
  return last_resort->address;
}

void PoolNodes::worked(const Address& node) {
  Node* const known = find(node);
  if (known == nullptr || !known->broken) return;
  known->broken = false;
  known->delays.reset();
}

bool PoolNodes::failed(const Address& node, MonoTime now) {
  Node* const known = find(node);
  if (known == nullptr || known->broken) return false;
  known->broken = true;
  known->due = now + known->delays.next();
  return true;
}

}  // namespace nsq::client
