#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/wire/names.hpp"

namespace nsq::client {

/// Where an nsqlookupd is asked.
struct LookupdUrl {
  bool https = false;
  std::string host;  ///< a name or an IP address, without brackets
  std::uint16_t port = 0;
  std::string path = "/lookup";
  std::string query;  ///< of the user's own, without `?`; is sent along

  /// Reads `host:port`, `[v6]:port`, or a URL `http://host:port/path?query` (or `https://`); an
  /// empty path or `/` is `/lookup`. The port is needed, with https too: nsqlookupds have ports of
  /// their own. Errc::bad_address with `missing port`, which is what other clients say, or with
  /// what else is wrong: `nsqlookupd address h:x: invalid port`. Source: spec/client.md 10.1,
  /// spec/tools.md 1.6.
  static Result<LookupdUrl> parse(std::string_view text);

  /// What to GET for the nsqds of a topic: `/lookup?<query>&topic=<topic>`.
  std::string lookup_target(const wire::TopicName& topic) const;
  /// What to GET for all nsqds: `/nodes?<query>`, beside the path.
  std::string nodes_target() const;

  /// `http://host:port/path?query`, or `https://…`.
  std::string text() const;

  friend auto operator<=>(const LookupdUrl&, const LookupdUrl&) = default;
  friend bool operator==(const LookupdUrl&, const LookupdUrl&) = default;
};

}  // namespace nsq::client
