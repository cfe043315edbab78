#include "nsqlookupd/session/identify.hpp"

#include <array>

#include <fmt/format.h>

#include "common/config/version.hpp"
#include "common/wire/json_fields.hpp"
#include "common/wire/json_text.hpp"

namespace nsqlookupd {
namespace {

struct IdentifyBody : PeerIdentity {
  std::string remote_address;  // must be a string if it is there
};

using Field = nsq::wire::JsonField<IdentifyBody>;

constexpr std::array kFields{
    Field{"remote_address", &IdentifyBody::remote_address},
    Field{"hostname", &IdentifyBody::hostname},
    Field{"broadcast_address", &IdentifyBody::broadcast_address},
    Field{"tcp_port", &IdentifyBody::tcp_port},
    Field{"http_port", &IdentifyBody::http_port},
    Field{"version", &IdentifyBody::version},
    Field{"topology_zone", &IdentifyBody::topology_zone},
    Field{"topology_region", &IdentifyBody::topology_region},
};

}  // namespace

nsq::Result<PeerIdentity> parse_identify(std::string_view body) {
  auto parsed = nsq::wire::parse_json_fields<IdentifyBody>(body, kFields);
  if (!parsed) return std::unexpected(parsed.error());
  return PeerIdentity(std::move(*parsed));
}

bool is_complete(const PeerIdentity& identity) noexcept {
  return !identity.broadcast_address.empty() && identity.tcp_port != 0 && identity.http_port != 0 &&
         !identity.version.empty();
}

std::string identify_reply(const ServerIdentity& server) {
  std::string out = "{\"broadcast_address\":";
  nsq::wire::append_json_string(out, server.broadcast_address);
  out += ",\"hostname\":";
  nsq::wire::append_json_string(out, server.hostname);
  out += fmt::format(",\"http_port\":{},\"tcp_port\":{},\"version\":\"{}\"}}", server.http_port,
                     server.tcp_port, nsq::config::version());
  return out;
}

}  // namespace nsqlookupd
