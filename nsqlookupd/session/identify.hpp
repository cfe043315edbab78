#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "nsqlookupd/registry/peer.hpp"

namespace nsqlookupd {

/// Reads the body of IDENTIFY. The `remote_address` that a peer claims is ignored.
/// @return the identity, perhaps with fields missing; or Errc::bad_json.
/// Source: spec/nsqlookupd.md 3.5.
nsq::Result<PeerIdentity> parse_identify(std::string_view body);

/// Whether all that must be said is said: broadcast address, both ports and the version.
bool is_complete(const PeerIdentity& identity) noexcept;

/// What a peer is told of this nsqlookupd when it identifies itself.
struct ServerIdentity {
  std::string broadcast_address{};
  std::string hostname{};
  std::uint16_t tcp_port = 0;   ///< the real one
  std::uint16_t http_port = 0;  ///< likewise
};

/// The answer to IDENTIFY.
std::string identify_reply(const ServerIdentity& server);

}  // namespace nsqlookupd
