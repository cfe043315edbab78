#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/wire/message.hpp"
#include "common/wire/names.hpp"

namespace nsq::wire {

// Client side: each appends one command, as it goes over the wire, to `out`. Bodies must be 1 to
// 2^31
// - 1 bytes; the server's own limits are the caller's to check. Source: spec/client.md 1, 3, 12.1.

/// `json` as of encode_identify_request.
void append_identify(std::string& out, std::string_view json);
void append_auth(std::string& out, std::string_view secret);
void append_sub(std::string& out, const TopicName& topic, const ChannelName& channel);

void append_pub(std::string& out, const TopicName& topic, std::string_view body);
/// `delay_ms`: 0 to the server's max-req-timeout.
void append_dpub(std::string& out, const TopicName& topic, std::uint64_t delay_ms,
                 std::string_view body);
/// At least one body, together below 2^31 bytes with 4 for each and 4 more.
void append_mpub(std::string& out, const TopicName& topic,
                 std::span<const std::string_view> bodies);
void append_mpub(std::string& out, const TopicName& topic, std::span<const std::string> bodies);

void append_rdy(std::string& out, std::uint64_t count);
void append_fin(std::string& out, const MessageId& id);
void append_req(std::string& out, const MessageId& id, std::uint64_t delay_ms);
void append_touch(std::string& out, const MessageId& id);
void append_nop(std::string& out);
void append_cls(std::string& out);

}  // namespace nsq::wire
