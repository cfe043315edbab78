#include "nsqd/auth/answer.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "common/base/log.hpp"
#include "common/wire/json_fields.hpp"

namespace nsqd {
namespace {

using nlohmann::json;
using nsq::Errc;
using nsq::Result;

/// What one pattern may make RE2 allocate: an answer is somebody else's text.
constexpr std::int64_t kPatternMemory = 1 << 20;

/// Longer than any process runs, short enough to be added to a time.
constexpr std::int64_t kLongestTtlSeconds = std::int64_t{100} * 365 * 24 * 3600;

using Pattern = std::unique_ptr<const RE2>;

struct Entry {
  Pattern topic;
  std::vector<Pattern> channels;
  bool publish = false;
  bool subscribe = false;
};

class Authorizations final : public Permissions {
 public:
  explicit Authorizations(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  bool may_publish(std::string_view topic) const override {
    return any(&Entry::publish, topic, {});
  }
  bool may_subscribe(std::string_view topic, std::string_view channel) const override {
    return any(&Entry::subscribe, topic, channel);
  }
  std::size_t count() const noexcept override { return entries_.size(); }

 private:
  static bool found(const Pattern& pattern, std::string_view text) {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern);
  }

  bool any(bool Entry::* permission, std::string_view topic, std::string_view channel) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
      return entry.*permission && found(entry.topic, topic) &&
             std::ranges::any_of(entry.channels,
                                 [&](const Pattern& pattern) { return found(pattern, channel); });
    });
  }

  const std::vector<Entry> entries_;
};

std::unexpected<nsq::Error> bad(std::string why) {
  return nsq::fail(Errc::bad_json, std::move(why));
}

std::unexpected<nsq::Error> wrong_type(std::string_view key) {
  return bad(fmt::format("\"{}\" in the answer is of the wrong type", key));
}

/// The value under `key`, else under the same in other letter case; null is absence.
const json* member(const json& object, std::string_view key) {
  auto found = object.find(key);
  for (auto at = object.begin(); found == object.end() && at != object.end(); ++at) {
    if (nsq::wire::equal_keys(at.key(), key)) found = at;
  }
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// Sets `out` unless the key is absent.
Result<void> read_text(const json& object, std::string_view key, std::string& out) {
  const json* const value = member(object, key);
  if (!value) return {};
  if (!value->is_string()) return wrong_type(key);
  out = value->get<std::string>();
  return {};
}

Result<std::vector<std::string>> read_texts(const json& object, std::string_view key) {
  std::vector<std::string> texts;
  const json* const value = member(object, key);
  if (!value) return texts;
  if (!value->is_array()) return wrong_type(key);
  for (const auto& each : *value) {
    if (!each.is_string() && !each.is_null()) return wrong_type(key);
    texts.push_back(each.is_null() ? std::string() : each.get<std::string>());
  }
  return texts;
}

Result<nsq::Nanoseconds> read_ttl(const json& object) {
  const json* const value = member(object, "ttl");
  if (!value) return bad("invalid TTL 0 (must be >0)");
  if (!value->is_number_integer()) return wrong_type("ttl");
  const bool too_large =
      value->is_number_unsigned() && !std::in_range<std::int64_t>(value->get<std::uint64_t>());
  if (too_large) return wrong_type("ttl");
  const auto seconds = value->get<std::int64_t>();
  if (seconds <= 0) return bad(fmt::format("invalid TTL {} (must be >0)", seconds));
  return nsq::Seconds(std::min(seconds, kLongestTtlSeconds));
}

Result<Pattern> compile(const std::string& text, std::string_view what) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  auto pattern = std::make_unique<const RE2>(text, options);
  if (pattern->ok()) return pattern;
  return bad(fmt::format("unable to compile {} \"{}\": {}", what, nsq::printable(text),
                         nsq::printable(pattern->error())));
}

Result<void> read_permissions(const json& object, Entry& entry) {
  const auto permissions = read_texts(object, "permissions");
  if (!permissions) return std::unexpected(permissions.error());
  for (const auto& permission : *permissions) {
    if (permission == "publish") {
      entry.publish = true;
    } else if (permission == "subscribe") {
      entry.subscribe = true;
    } else {
      return bad(fmt::format("unknown permission \"{}\"", nsq::printable(permission)));
    }
  }
  return {};
}

Result<Entry> read_entry(const json& object) {
  if (!object.is_object()) return wrong_type("authorizations");
  Entry entry;
  if (auto read = read_permissions(object, entry); !read) return std::unexpected(read.error());
  std::string text;
  if (auto read = read_text(object, "topic", text); !read) return std::unexpected(read.error());
  auto topic = compile(text, "topic");
  if (!topic) return std::unexpected(topic.error());
  entry.topic = std::move(*topic);
  const auto channels = read_texts(object, "channels");
  if (!channels) return std::unexpected(channels.error());
  for (const auto& each : *channels) {
    auto channel = compile(each, "channel");
    if (!channel) return std::unexpected(channel.error());
    entry.channels.push_back(std::move(*channel));
  }
  return entry;
}

Result<std::vector<Entry>> read_entries(const json& document) {
  std::vector<Entry> entries;
  const json* const list = member(document, "authorizations");
  if (!list) return entries;
  if (!list->is_array()) return wrong_type("authorizations");
  for (const auto& each : *list) {
    auto entry = read_entry(each.is_null() ? json::object() : each);  // null is absence
    if (!entry) return std::unexpected(entry.error());
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace

Result<Grant> parse_auth_answer(std::string_view body) {
  const auto text = nsq::wire::clean_json(body);
  const auto document = text ? json::parse(*text, nullptr, false) : json(json::value_t::discarded);
  if (!document.is_object()) return bad("the answer is not a JSON object");
  Grant grant;
  auto read = read_text(document, "identity", grant.identity);
  if (read) read = read_text(document, "identity_url", grant.identity_url);
  if (!read) return std::unexpected(read.error());
  auto entries = read_entries(document);
  if (!entries) return std::unexpected(entries.error());
  const auto ttl = read_ttl(document);
  if (!ttl) return std::unexpected(ttl.error());
  grant.ttl = *ttl;
  grant.permissions = std::make_shared<const Authorizations>(std::move(*entries));
  return grant;
}

}  // namespace nsqd
