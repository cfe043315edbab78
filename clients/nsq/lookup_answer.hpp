#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "clients/nsq/address.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

/// What an nsqlookupd knows.
struct LookupAnswer {
  std::vector<Address> nsqds;          ///< sorted, none twice
  std::optional<std::uint64_t> index;  ///< what to wait with for another answer; absent: it cannot

  friend bool operator==(const LookupAnswer&, const LookupAnswer&) = default;
};

/// Reads the reply to `/lookup` or `/nodes`: each producer's broadcast_address and tcp_port, in a
/// document of its own or under `data`, as nsqlookupds before 1.0 have it. Producers that nobody
/// could connect to are left out. A topic that is not known is an answer without nsqds.
/// @return Errc::rejected for another status than 200, Errc::bad_json when it is no such document,
///         Errc::out_of_range when it names more nsqds than are to be believed.
/// Source: spec/client.md 10.1; docs/protocol-extensions.md for the index.
Result<LookupAnswer> read_lookup_reply(int status, std::string_view body);

}  // namespace nsq::client
