#include "nsqd/lookup/lookupd_messages.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/bytes.hpp"
#include "common/base/log.hpp"
#include "common/wire/json_fields.hpp"
#include "common/wire/json_text.hpp"

namespace nsqd {

using nsq::Errc;
using nsq::Result;

namespace {

using Field = nsq::wire::JsonField<LookupdInfo>;

constexpr std::array kInfoFields{
    Field{"broadcast_address", &LookupdInfo::broadcast_address},
    Field{"tcp_port", &LookupdInfo::tcp_port},
    Field{"http_port", &LookupdInfo::http_port},
    Field{"version", &LookupdInfo::version},
};

constexpr std::size_t kSizeBytes = 4;

std::string json_text(std::string_view text) {
  std::string out;
  nsq::wire::append_json_string(out, text);
  return out;
}

}  // namespace

std::string encode_hello(const LookupIdentity& identity) {
  const std::string body =
      fmt::format(R"({{"broadcast_address":{},"hostname":{},"http_port":{},"tcp_port":{},)"
                  R"("topology_region":{},"topology_zone":{},"version":{}}})",
                  json_text(identity.broadcast_address), json_text(identity.hostname),
                  identity.http_port, identity.tcp_port, json_text(identity.topology_region),
                  json_text(identity.topology_zone), json_text(identity.version));
  std::array<char, kSizeBytes> size{};
  nsq::store_be32(size.data(), static_cast<std::uint32_t>(body.size()));
  return "  V1IDENTIFY\n" + std::string(size.data(), size.size()) + body;
}

Result<LookupdInfo> parse_lookupd_info(std::string_view reply) {
  if (reply.starts_with("E_")) return nsq::fail(Errc::rejected, nsq::printable(reply));
  auto info = nsq::wire::parse_json_fields<LookupdInfo>(reply, kInfoFields);
  if (!info) return nsq::fail(Errc::bad_json, "parsing response - not the JSON of an nsqlookupd");
  return info;
}

Result<std::vector<std::string>> parse_channels_answer(std::string_view body) {
  const auto bad = [] { return nsq::fail(Errc::bad_json, "the answer is not a list of channels"); };
  const auto text = nsq::wire::clean_json(body);
  if (!text) return bad();
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  if (!document.is_object()) return bad();
  const auto channels = document.find("channels");
  if (channels == document.end() || !channels->is_array()) return bad();
  std::vector<std::string> names;
  for (const auto& each : *channels) {
    if (!each.is_string()) return bad();
    names.push_back(each.get<std::string>());
  }
  return names;
}

Result<std::optional<std::string>> ReplyReader::next() {
  if (buffer_.size() < kSizeBytes) return std::nullopt;
  const std::uint32_t size = nsq::load_be32(buffer_.data());
  if (size > INT32_MAX || size > max_bytes_) {
    return nsq::fail(Errc::frame_too_large,
                     fmt::format("a reply of {} bytes", static_cast<std::int32_t>(size)));
  }
  if (buffer_.size() < kSizeBytes + size) return std::nullopt;
  std::string reply = buffer_.substr(kSizeBytes, size);
  buffer_.erase(0, kSizeBytes + size);
  return reply;
}

}  // namespace nsqd
