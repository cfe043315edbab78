#include "nsqd/upstream/metadata.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/wire/json_text.hpp"
#include "common/wire/quote.hpp"
#include "nsqd/upstream/file.hpp"

namespace nsqd::upstream {
namespace {

using Json = nlohmann::ordered_json;
using nsq::wire::quote;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The member called `key` (in lower case) in any letter case; of several the last; nothing if there
// is none or it is null.
const Json* member(const Json& object, std::string_view key) {
  const Json* found = nullptr;
  for (const auto& [name, value] : object.items()) {
    const bool same = std::ranges::equal(name, key, {}, lower);
    if (same && !value.is_null()) found = &value;
  }
  return found;
}

// Reads the document once. `error_` keeps the first member of a wrong type.
class Reader {
 public:
  nsq::Result<Metadata> read(const Json& document) {
    static constexpr std::string_view kVersion = "version";
    if (is_object(document, "document")) {
      if (const Json* version = member(document, kVersion)) {
        expect(version->is_string(), kVersion, "a string");
      }
      for_each(document, "topics", [this](const Json& topic) { add_topic(topic); });
    }
    if (error_) return nsq::fail(nsq::Errc::bad_json, *std::move(error_));
    return std::move(metadata_);
  }

 private:
  bool expect(bool holds, std::string_view what, std::string_view type) {
    if (!holds && !error_) error_ = fmt::format("{} is not {}", what, type);
    return holds;
  }

  // A null stands for an object without members.
  bool is_object(const Json& value, std::string_view what) {
    return !value.is_null() && expect(value.is_object(), what, "an object");
  }

  template <class Add>
  void for_each(const Json& object, std::string_view key, Add add) {
    const Json* list = member(object, key);
    if (list == nullptr || !expect(list->is_array(), key, "an array")) return;
    for (const Json& entry : *list) add(entry);
  }

  struct Entry {
    std::string name;
    bool paused = false;
  };

  Entry read_entry(const Json& value, std::string_view what) {
    Entry entry;
    if (!is_object(value, what)) return entry;
    if (const Json* name = member(value, "name");
        name && expect(name->is_string(), "name", "a string")) {
      entry.name = name->get<std::string>();
    }
    if (const Json* paused = member(value, "paused");
        paused && expect(paused->is_boolean(), "paused", "a boolean")) {
      entry.paused = paused->get<bool>();
    }
    return entry;
  }

  void add_topic(const Json& value) {
    const Entry entry = read_entry(value, "topic");
    const auto name = nsq::wire::TopicName::parse(entry.name);
    if (!name) {
      metadata_.notes.push_back(fmt::format("skipping invalid topic {}", quote(entry.name)));
    }
    TopicEntry* topic = name ? &topic_named(*name) : nullptr;
    if (topic != nullptr) topic->paused |= entry.paused;
    if (!value.is_object()) return;
    // Those of a skipped topic are looked at too, since a wrong type anywhere spoils the file.
    for_each(value, "channels", [&](const Json& channel) {
      const Entry channel_entry = read_entry(channel, "channel");
      if (topic != nullptr) add_channel(*topic, channel_entry);
    });
  }

  // The entry of that name, made if there is none. Valid until the next call.
  TopicEntry& topic_named(const nsq::wire::TopicName& name) {
    auto& topics = metadata_.topics;
    const auto [at, is_new] = topic_index_.try_emplace(name, topics.size());
    if (is_new) topics.push_back({.name = name});
    return topics[at->second];
  }

  void add_channel(TopicEntry& topic, const Entry& entry) {
    auto name = nsq::wire::ChannelName::parse(entry.name);
    if (!name) {
      metadata_.notes.push_back(fmt::format("skipping invalid channel {} of topic {}",
                                            quote(entry.name), topic.name.view()));
      return;
    }
    auto found = std::ranges::find(topic.channels, *name, &ChannelEntry::name);
    if (found == topic.channels.end()) {
      found = topic.channels.insert(found, {.name = *std::move(name)});
    }
    found->paused |= entry.paused;
  }

  Metadata metadata_;
  std::map<nsq::wire::TopicName, std::size_t> topic_index_;
  std::optional<std::string> error_;
};

// Valid names need no escapes in JSON.
void append_entry(std::string& out, std::string_view name, bool paused) {
  fmt::format_to(std::back_inserter(out), R"({{"name":"{}","paused":{})", name, paused);
}

// Upstream's empty list is a null.
template <class Entries, class Append>
void append_list(std::string& out, const Entries& entries, Append append) {
  bool first = true;
  for (const auto& entry : entries) {
    if (entry.name.ephemeral()) continue;
    out += first ? '[' : ',';
    first = false;
    append(entry);
    out += '}';
  }
  out += first ? "null" : "]";
}

}  // namespace

nsq::Result<Metadata> parse_metadata(std::string_view text) {
  const auto clean = nsq::wire::clean_json(text);
  if (!clean) return std::unexpected(clean.error());
  const Json document = Json::parse(*clean, nullptr, false);
  if (document.is_discarded()) return nsq::fail(nsq::Errc::bad_json, "not a JSON document");
  return Reader().read(document);
}

std::string format_metadata(const Metadata& metadata) {
  std::string out = R"({"topics":)";
  append_list(out, metadata.topics, [&](const TopicEntry& topic) {
    append_entry(out, topic.name.view(), topic.paused);
    out += R"(,"channels":)";
    append_list(out, topic.channels, [&](const ChannelEntry& channel) {
      append_entry(out, channel.name.view(), channel.paused);
    });
  });
  out += R"(,"version":")" NSQ_VERSION R"("})";
  return out;
}

nsq::Result<Metadata> read_metadata(const std::filesystem::path& directory) {
  const auto path = directory / kMetadataFileName;
  const auto there = file_exists(path);
  if (!there) return std::unexpected(there.error());
  if (!*there) return Metadata{};
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto metadata = parse_metadata(*text);
  if (!metadata) {
    return nsq::fail(metadata.error().code, fmt::format("failed to parse metadata in {} - {}",
                                                        path.native(), metadata.error().text()));
  }
  return metadata;
}

nsq::Result<void> write_metadata(const std::filesystem::path& directory, const Metadata& metadata) {
  return replace_file(directory / kMetadataFileName, format_metadata(metadata));
}

}  // namespace nsqd::upstream
