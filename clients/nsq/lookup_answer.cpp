#include "clients/nsq/lookup_answer.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/wire/json_text.hpp"

namespace nsq::client {

namespace {

using Json = nlohmann::json;

/// Each costs a connection; no cluster has as many.
constexpr std::size_t kMaxNsqds = 4096;

/// A member of an object; null when there is none.
const Json& member(const Json& object, const char* name) {
  static const Json none;
  const auto at = object.find(name);
  return at == object.end() ? none : *at;
}

bool is_topic_missing(const Json& document) {
  return member(document, "message") == "TOPIC_NOT_FOUND" ||
         member(document, "status_txt") == "TOPIC_NOT_FOUND";
}

std::optional<Address> read_producer(const Json& producer) {
  if (!producer.is_object()) return std::nullopt;
  const Json& host = member(producer, "broadcast_address");
  const Json& port = member(producer, "tcp_port");
  if (!host.is_string() || !port.is_number_unsigned()) return std::nullopt;
  const auto number = port.get<std::uint64_t>();
  if (number == 0 || number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  Address address{.host = host.get<std::string>(), .port = static_cast<std::uint16_t>(number)};
  const auto breaks = [](char c) { return c <= ' ' || c == 0x7f; };
  if (address.host.empty() || std::ranges::any_of(address.host, breaks)) return std::nullopt;
  return address;
}

Result<std::vector<Address>> read_producers(const Json& producers) {
  if (producers.size() > kMaxNsqds) {
    return fail(Errc::out_of_range, fmt::format("the answer names {} nsqds", producers.size()));
  }
  std::vector<Address> nsqds;
  for (const Json& producer : producers) {
    if (auto address = read_producer(producer)) nsqds.push_back(*std::move(address));
  }
  std::ranges::sort(nsqds);
  const auto repeated = std::ranges::unique(nsqds);
  nsqds.erase(repeated.begin(), repeated.end());
  return nsqds;
}

}  // namespace

Result<LookupAnswer> read_lookup_reply(int status, std::string_view body) {
  const auto text = wire::clean_json(body);
  const Json document = text ? Json::parse(*text, nullptr, false) : Json();
  const bool missing = status == 404 && document.is_object() && is_topic_missing(document);
  if (status != 200 && !missing)
    return fail(Errc::rejected, fmt::format("got response {}", status));
  if (!document.is_object()) return fail(Errc::bad_json, "the answer is not a JSON object");
  LookupAnswer answer;
  if (const Json& index = member(document, "index"); index.is_number_unsigned()) {
    answer.index = index.get<std::uint64_t>();
  }
  if (missing) return answer;
  const Json& data = member(document, "data");
  const Json& content = data.is_object() ? data : document;
  if (!content.contains("producers")) return fail(Errc::bad_json, "the answer has no producers");
  const Json& producers = member(content, "producers");
  if (producers.is_null()) return answer;
  if (!producers.is_array()) return fail(Errc::bad_json, "the producers are not a list");
  auto nsqds = read_producers(producers);
  if (!nsqds) return std::unexpected(nsqds.error());
  answer.nsqds = *std::move(nsqds);
  return answer;
}

}  // namespace nsq::client
