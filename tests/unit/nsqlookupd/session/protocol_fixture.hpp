#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.hpp"
#include "nsqlookupd/session/protocol.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/unit/nsqlookupd/registry/registry_fixture.hpp"

namespace nsqlookupd {

/// What a peer says of itself in these tests.
inline constexpr std::string_view kIdentity =
    R"({"broadcast_address":"b","hostname":"h","tcp_port":4150,"http_port":4151,"version":"1.3.0"})";

/// IDENTIFY with its body.
inline std::string identify(std::string_view body = kIdentity) {
  return "IDENTIFY\n" + nsq::test::be32(static_cast<std::uint32_t>(body.size())) +
         std::string(body);
}

/// Takes the replies apart, which must be whole.
inline std::vector<std::string> split_replies(std::string_view bytes) {
  std::vector<std::string> replies;
  while (!bytes.empty()) {
    REQUIRE(bytes.size() >= 4);
    const std::size_t size = nsq::load_be32(bytes.data());
    REQUIRE(bytes.size() >= 4 + size);
    replies.emplace_back(bytes.substr(4, size));
    bytes.remove_prefix(4 + size);
  }
  return replies;
}

/// A connection's protocol on a registry of its own.
struct ProtocolFixture : RegistryFixture {
  using Replies = std::vector<std::string>;

  std::shared_ptr<nsq::test::RecordingSink> sink = std::make_shared<nsq::test::RecordingSink>();
  SessionContext context{registry, "IDENTITY", nsq::Logger(sink, nsq::LogLevel::debug)};
  const std::string remote = "10.0.0.1:5";
  std::unique_ptr<Protocol> protocol = std::make_unique<Protocol>(context, remote);
  std::string unread;

  /// Feeds bytes as a connection does. @return the replies to them.
  Replies send(std::string_view bytes) {
    unread += bytes;
    unread.erase(0, protocol->consume(unread, now));
    return taken();
  }
  Replies end() {
    protocol->end_of_input(unread);
    return taken();
  }
  Replies taken() { return split_replies(std::exchange(protocol->replies(), {})); }
  /// A peer that has identified itself.
  void begin() { REQUIRE(send("  V1" + identify()) == Replies{"IDENTITY"}); }
};

}  // namespace nsqlookupd
