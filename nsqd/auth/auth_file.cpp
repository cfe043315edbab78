#include "nsqd/auth/auth_file.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "common/base/log.hpp"

namespace nsqd {
namespace {

using nsq::Errc;
using nsq::Result;

std::unexpected<nsq::Error> bad(unsigned line, std::string_view why) {
  return nsq::fail(Errc::bad_config, fmt::format("line {}: {}", line, why));
}

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}

bool covers(const Place& place, std::string_view topic) {
  return !place.channel && place.topic.matches(topic);
}

bool covers(const Place& place, std::string_view topic, std::string_view channel) {
  return place.topic.matches(topic) && (!place.channel || place.channel->matches(channel));
}

/// Reads one [[identity]], key by key.
class IdentityReader {
 public:
  explicit IdentityReader(const toml::table& table) : table_(table) {}

  Result<IdentityEntry> read() {
    if (auto known = check_keys(); !known) return std::unexpected(known.error());
    for (const auto step : {&IdentityReader::read_names, &IdentityReader::read_secret,
                            &IdentityReader::read_places, &IdentityReader::read_flags}) {
      if (auto done = (this->*step)(); !done) return std::unexpected(done.error());
    }
    if (!entry_.secret && entry_.tls_common_name.empty()) {
      return refuse("needs secret, secret_sha256 or tls_common_name");
    }
    if (Identity(entry_).count() == 0) return refuse("is allowed nothing");
    return std::move(entry_);
  }

  bool plain_secret() const { return table_.contains("secret"); }

 private:
  std::unexpected<nsq::Error> refuse(std::string_view why) const {
    return bad(line_of(table_),
               fmt::format("identity \"{}\" {}", nsq::printable(entry_.name), why));
  }

  Result<void> check_keys() const {
    constexpr auto kKeys = std::to_array<std::string_view>(
        {"name", "url", "secret", "secret_sha256", "tls_common_name", "publish", "subscribe",
         "manage", "monitor", "admin"});
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(kKeys, key.str()) == kKeys.end()) {
        return bad(key.source().begin.line,
                   fmt::format("unknown key \"{}\"", nsq::printable(key.str())));
      }
    }
    return {};
  }

  /// The text under `key`, or nothing.
  Result<std::optional<std::string>> text(std::string_view key) const {
    const toml::node* const node = table_.get(key);
    if (!node) return std::nullopt;
    if (!node->is_string()) return bad(line_of(*node), fmt::format("{} must be a text", key));
    std::string value = node->as_string()->get();
    if (value.empty()) return bad(line_of(*node), fmt::format("{} is empty", key));
    return value;
  }

  Result<void> read_names() {
    const auto name = text("name");
    if (!name) return std::unexpected(name.error());
    if (!*name) return bad(line_of(table_), "an identity needs a name");
    entry_.name = **name;
    const auto url = text("url");
    if (!url) return std::unexpected(url.error());
    entry_.url = url->value_or("");
    const auto common_name = text("tls_common_name");
    if (!common_name) return std::unexpected(common_name.error());
    entry_.tls_common_name = common_name->value_or("");
    return {};
  }

  Result<void> read_secret() {
    const auto plain = text("secret");
    if (!plain) return std::unexpected(plain.error());
    const auto hashed = text("secret_sha256");
    if (!hashed) return std::unexpected(hashed.error());
    if (*plain && *hashed) return refuse("has both secret and secret_sha256");
    if (*plain) entry_.secret = digest_of(**plain);
    if (*hashed) {
      entry_.secret = parse_digest(**hashed);
      if (!entry_.secret) {
        return bad(line_of(*table_.get("secret_sha256")),
                   "secret_sha256 must be 64 hexadecimal digits");
      }
      // Who shows no secret would be this identity.
      if (equal(*entry_.secret, digest_of(""))) {
        return bad(line_of(*table_.get("secret_sha256")),
                   "secret_sha256 is that of an empty secret");
      }
    }
    return {};
  }

  Result<std::vector<Place>> places(std::string_view key) const {
    std::vector<Place> places;
    const toml::node* const node = table_.get(key);
    if (!node) return places;
    const toml::array* const list = node->as_array();
    if (!list) return bad(line_of(*node), fmt::format("{} must be a list of patterns", key));
    for (const auto& each : *list) {
      if (!each.is_string()) return bad(line_of(each), fmt::format("{} must hold texts", key));
      const std::string_view pattern = each.as_string()->get();
      const auto slash = pattern.find('/');
      auto topic = Glob::parse(pattern.substr(0, slash));
      std::optional<Glob> channel;
      if (slash != pattern.npos) channel = Glob::parse(pattern.substr(slash + 1));
      if (!topic || (slash != pattern.npos && !channel)) {
        return bad(line_of(each), fmt::format("\"{}\" in {} is not a pattern for names",
                                              nsq::printable(pattern), key));
      }
      places.push_back({std::move(*topic), std::move(channel)});
    }
    return places;
  }

  Result<void> read_places() {
    auto publish = places("publish");
    if (!publish) return std::unexpected(publish.error());
    for (auto& place : *publish) {
      if (place.channel) return refuse("publishes to topics, not to channels: no \"/\" in publish");
      entry_.publish.push_back(std::move(place.topic));
    }
    auto subscribe = places("subscribe");
    if (!subscribe) return std::unexpected(subscribe.error());
    entry_.subscribe = std::move(*subscribe);
    const bool whole = std::ranges::all_of(
        entry_.subscribe, [](const Place& place) { return place.channel.has_value(); });
    if (!whole) return refuse("subscribes to channels: \"topic/channel\" in subscribe");
    auto manage = places("manage");
    if (!manage) return std::unexpected(manage.error());
    entry_.manage = std::move(*manage);
    return {};
  }

  Result<void> read_flags() {
    for (const auto& [key, flag] :
         {std::pair{"monitor", &entry_.monitor}, {"admin", &entry_.admin}}) {
      const toml::node* const node = table_.get(key);
      if (!node) continue;
      if (!node->is_boolean()) {
        return bad(line_of(*node), fmt::format("{} must be true or false", key));
      }
      *flag = node->as_boolean()->get();
    }
    return {};
  }

  const toml::table& table_;
  IdentityEntry entry_;
};

/// Whether nobody could tell the two apart, and by what; nothing if somebody can.
std::optional<std::string_view> clash(const IdentityEntry& a, const IdentityEntry& b) {
  if (a.name == b.name) return "name";
  if (a.secret && b.secret && *a.secret == *b.secret) return "secret";
  const bool by_certificate = !a.secret && !b.secret;
  if (by_certificate && a.tls_common_name == b.tls_common_name) return "tls_common_name";
  return std::nullopt;
}

/// The document's [[identity]] tables.
Result<const toml::array*> identity_tables(const toml::table& document) {
  for (const auto& [key, node] : document) {
    if (key.str() != "identity") {
      return bad(key.source().begin.line,
                 fmt::format("unknown key \"{}\"", nsq::printable(key.str())));
    }
  }
  const toml::node* const list = document.get("identity");
  if (!list) return bad(1, "there is no [[identity]]");
  if (!list->is_array_of_tables()) return bad(line_of(*list), "identity must be [[identity]]");
  return list->as_array();
}

}  // namespace

bool Identity::may_publish(std::string_view topic) const {
  return entry_.admin ||
         std::ranges::any_of(entry_.publish, [&](const Glob& glob) { return glob.matches(topic); });
}

bool Identity::may_subscribe(std::string_view topic, std::string_view channel) const {
  return entry_.admin || std::ranges::any_of(entry_.subscribe, [&](const Place& place) {
           return covers(place, topic, channel);
         });
}

std::size_t Identity::count() const noexcept {
  const std::size_t flags = (entry_.monitor ? 1U : 0U) + (entry_.admin ? 1U : 0U);
  return entry_.publish.size() + entry_.subscribe.size() + entry_.manage.size() + flags;
}

bool Identity::may_manage(std::string_view topic) const {
  return entry_.admin || std::ranges::any_of(entry_.manage, [&](const Place& place) {
           return covers(place, topic);
         });
}

bool Identity::may_manage(std::string_view topic, std::string_view channel) const {
  return entry_.admin || std::ranges::any_of(entry_.manage, [&](const Place& place) {
           return covers(place, topic, channel);
         });
}

bool Identity::may_see(std::string_view topic) const {
  const auto about = [&](const Place& place) { return place.topic.matches(topic); };
  return may_monitor() || may_publish(topic) || std::ranges::any_of(entry_.subscribe, about) ||
         std::ranges::any_of(entry_.manage, about);
}

Result<AuthFile> AuthFile::parse(std::string_view text) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    // The description may quote what it stumbled over, which may be part of a secret.
    const auto& at = error.source().begin;
    return bad(at.line, fmt::format("not TOML (column {})", at.column));
  }
  const auto tables = identity_tables(document);
  if (!tables) return std::unexpected(tables.error());
  AuthFile file;
  for (const auto& node : **tables) {
    IdentityReader reader(*node.as_table());
    auto entry = reader.read();
    if (!entry) return std::unexpected(entry.error());
    for (const auto& other : file.identities_) {
      if (const auto what = clash(*entry, other->entry())) {
        return bad(line_of(node), fmt::format("\"{}\" and \"{}\" have the same {}",
                                              nsq::printable(other->entry().name),
                                              nsq::printable(entry->name), *what));
      }
    }
    file.plain_secrets_ |= reader.plain_secret();
    file.identities_.push_back(std::make_shared<const Identity>(std::move(*entry)));
  }
  return file;
}

std::shared_ptr<const Identity> AuthFile::find(const Credentials& client) const {
  const Digest presented = digest_of(client.secret);
  const auto has_certificate = [&](const IdentityEntry& entry) {
    return client.peer.verified && client.peer.common_name == entry.tls_common_name;
  };
  std::shared_ptr<const Identity> by_secret;
  std::shared_ptr<const Identity> by_certificate;
  // All of them are looked at, so that the time does not tell which one it was.
  for (const auto& identity : identities_) {
    const IdentityEntry& entry = identity->entry();
    if (!entry.secret) {
      if (has_certificate(entry)) by_certificate = identity;
    } else if (equal(*entry.secret, presented)) {
      if (entry.tls_common_name.empty() || has_certificate(entry)) by_secret = identity;
    }
  }
  return by_secret ? by_secret : by_certificate;
}

}  // namespace nsqd
