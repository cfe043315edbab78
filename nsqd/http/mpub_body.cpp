#include "nsqd/http/mpub_body.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "common/base/bytes.hpp"

namespace nsqd {
namespace {

/// Takes a signed number off the front.
std::optional<std::int32_t> take_int32(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const auto value = static_cast<std::int32_t>(nsq::load_be32(bytes.data()));
  bytes.remove_prefix(4);
  return value;
}

}  // namespace

nsq::net::Checked<std::vector<std::string_view>> split_lines(std::string_view body,
                                                             std::int64_t max_msg_size) {
  std::vector<std::string_view> messages;
  messages.reserve(static_cast<std::size_t>(std::ranges::count(body, '\n')) + 1);
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (line.empty()) continue;
    if (std::cmp_greater(line.size(), max_msg_size)) return nsq::net::refuse(413, "MSG_TOO_BIG");
    messages.push_back(line);
  }
  return messages;
}

nsq::net::Checked<std::vector<std::string_view>> split_binary(std::string_view body,
                                                              const nsq::wire::MpubLimits& limits) {
  const auto count = take_int32(body);
  // As in the TCP command: a message takes at least five bytes, four of the body are the count.
  const bool possible = count && *count > 0 && *count <= (limits.max_body_size - 4) / 5;
  if (!possible) return nsq::net::refuse(413, "BAD_BODY");
  std::vector<std::string_view> messages;
  messages.reserve(std::min<std::size_t>(static_cast<std::size_t>(*count), body.size() / 5 + 1));
  for (std::int32_t i = 0; i < *count; ++i) {
    const auto size = take_int32(body);
    const bool fits = size && *size > 0 && *size <= limits.max_msg_size &&
                      std::cmp_less_equal(*size, body.size());
    if (!fits) return nsq::net::refuse(413, "BAD_MESSAGE");
    messages.push_back(body.substr(0, static_cast<std::size_t>(*size)));
    body.remove_prefix(messages.back().size());
  }
  return messages;
}

bool asks_for_binary(const nsq::net::QueryParams& query, bool& odd) {
  const auto value = query.find("binary");
  odd = value && *value != "true" && *value != "1" && *value != "false" && *value != "0";
  return value && *value != "false" && *value != "0";
}

}  // namespace nsqd
