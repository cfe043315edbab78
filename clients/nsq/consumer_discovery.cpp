#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "clients/nsq/consumer_impl.hpp"

// Which nsqds a Consumer goes to, as nsqlookupds tell.

namespace nsq::client {

namespace asio = boost::asio;

Result<void> Consumer::Impl::connect_to_nsqlookupd(const LookupdUrl& lookupd) {
  if (auto begun = begin(); !begun) return begun;
  discovery_->add(lookupd);
  return {};
}

Result<void> Consumer::Impl::disconnect_from_nsqlookupd(const LookupdUrl& lookupd) {
  if (!discovery_->remove(lookupd)) return fail(Errc::bad_config, "not connected");
  return {};
}

void Consumer::Impl::on_found(const std::vector<Address>& nsqds) {
  if (stopping_) return;
  const auto chosen = filtered(nsqds);
  if (stopping_) return;  // by the filter
  found_ = {chosen.begin(), chosen.end()};
  std::erase_if(sent_away_, [&](const Address& nsqd) { return !found_.contains(nsqd); });
  for (const Address& nsqd : found_) {
    if (peers_.contains(nsqd) || sent_away_.contains(nsqd)) continue;
    const Peer peer = add_peer(nsqd);
    asio::co_spawn(executor_, retry_loop(peer, Pause::none),
                   [self = shared_from_this()](const std::exception_ptr&) {});
  }
  for (const auto& [nsqd, peer] : peers_) {
    if (!wanted(*peer)) peer->retry.cancel();  // it forgets itself
  }
}

std::vector<Address> Consumer::Impl::filtered(const std::vector<Address>& nsqds) {
  if (!hooks_.discovery_filter) return nsqds;
  try {
    return hooks_.discovery_filter(nsqds);
  } catch (...) {
    log_.logger.error("{} discovery filter threw", log_.tag);
    return nsqds;
  }
}

}  // namespace nsq::client
