#include "clients/nsq/rdy_controller.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace nsq::client {

using Changes = RdyController::Changes;

Changes RdyController::add(std::uint64_t connection, std::int64_t max_rdy, MonoTime now) {
  peers_.push_back({.connection = connection,
                    .max_rdy = max_rdy,
                    .waits_since = now,
                    .last_message = now,
                    .set_at = now});
  ++rotation_;
  rotated_at_ = now;
  return rebalance(now);
}

Changes RdyController::remove(std::uint64_t connection, MonoTime now) {
  const auto gone =
      std::erase_if(peers_, [&](const Peer& p) { return p.connection == connection; });
  return gone == 0 ? Changes{} : rebalance(now);
}

Changes RdyController::set_budget(std::int64_t budget, MonoTime now) {
  if (budget == budget_) return {};
  budget_ = budget;
  return rebalance(now);
}

void RdyController::note_messages(std::uint64_t connection, MonoTime now) {
  if (Peer* peer = find(connection)) peer->last_message = now;
}

Changes RdyController::redistribute(MonoTime now) {
  if (peers_.empty()) return {};
  if (!scarce()) {
    if (now - rotated_at_ < timeouts_.held) return {};
    ++rotation_;
    rotated_at_ = now;
    return rebalance(now);
  }
  std::vector<Peer*> keep;
  for (Peer& peer : peers_) {
    if (peer.rdy == 0) continue;
    const MonoTime active = std::max(peer.last_message, peer.set_at);
    const bool idle = now - active > timeouts_.idle;
    const bool long_held = now - peer.set_at > timeouts_.held;
    if (idle || long_held) {
      peer.waits_since = now;  // behind all that wait already
    } else {
      keep.push_back(&peer);
    }
  }
  lend_singles(keep);
  return apply(now);
}

Changes RdyController::rebalance(MonoTime now) {
  if (scarce()) {
    std::vector<Peer*> keep;
    for (Peer& peer : peers_) {
      if (peer.rdy > 0) keep.push_back(&peer);
    }
    lend_singles(keep);
  } else {
    share_evenly();
  }
  return apply(now);
}

/// Even shares; what one cannot take because of its max_rdy goes to the others.
void RdyController::share_evenly() {
  std::vector<Peer*> open;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    open.push_back(&peers_[(rotation_ + i) % peers_.size()]);
  }
  std::int64_t left = budget_;
  while (!open.empty()) {
    const std::int64_t base = left / static_cast<std::int64_t>(open.size());
    const auto filled = std::erase_if(open, [&](Peer* peer) {
      if (peer->max_rdy > base) return false;
      peer->target = peer->max_rdy;
      left -= peer->max_rdy;
      return true;
    });
    if (filled == 0) break;
  }
  if (open.empty()) return;
  const auto count = static_cast<std::int64_t>(open.size());
  std::int64_t extra = left % count;
  for (Peer* peer : open) {
    peer->target = left / count + (extra > 0 ? 1 : 0);
    --extra;
  }
}

/// RDY 1 to as many as the budget allows: those of `keep`, then those that wait longest.
void RdyController::lend_singles(const std::vector<Peer*>& keep) {
  std::int64_t left = budget_;
  for (Peer& peer : peers_) peer.target = 0;
  const auto lend = [&](Peer* peer) {
    if (left <= 0 || peer->max_rdy <= 0) return;
    peer->target = 1;
    --left;
  };
  for (Peer* peer : keep) lend(peer);
  std::vector<Peer*> waiting;
  for (Peer& peer : peers_) {
    if (peer.target == 0 && std::ranges::find(keep, &peer) == keep.end()) waiting.push_back(&peer);
  }
  std::ranges::sort(
      waiting, {}, [](const Peer* peer) { return std::pair(peer->waits_since, peer->connection); });
  for (Peer* peer : waiting) lend(peer);
}

Changes RdyController::apply(MonoTime now) {
  Changes changes;
  const auto collect = [&](bool decreases) {
    for (Peer& peer : peers_) {
      if (peer.target == peer.rdy || (peer.target < peer.rdy) != decreases) continue;
      if (peer.target == 0) peer.waits_since = now;
      peer.rdy = peer.target;
      peer.set_at = now;
      changes.push_back({peer.connection, peer.rdy});
    }
  };
  collect(true);
  collect(false);
  return changes;
}

bool RdyController::scarce() const noexcept {
  return budget_ < static_cast<std::int64_t>(peers_.size());
}

std::int64_t RdyController::total() const noexcept {
  return std::accumulate(peers_.begin(), peers_.end(), std::int64_t{0},
                         [](std::int64_t sum, const Peer& peer) { return sum + peer.rdy; });
}

std::int64_t RdyController::rdy(std::uint64_t connection) const noexcept {
  const auto at = std::ranges::find(peers_, connection, &Peer::connection);
  return at == peers_.end() ? 0 : at->rdy;
}

RdyController::Peer* RdyController::find(std::uint64_t connection) noexcept {
  const auto at = std::ranges::find(peers_, connection, &Peer::connection);
  return at == peers_.end() ? nullptr : &*at;
}

}  // namespace nsq::client
