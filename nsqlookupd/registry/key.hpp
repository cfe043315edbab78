#pragma once

#include <string_view>

namespace nsqlookupd {

enum class Category { client, topic, channel };

/// "client", "topic", "channel".
constexpr std::string_view to_string(Category category) {
  switch (category) {
    case Category::client:
      return "client";
    case Category::topic:
      return "topic";
    case Category::channel:
      return "channel";
  }
  return "";
}

/// How logs and /debug name a registration. Views, valid during the call that hands it over.
/// Source: spec/nsqlookupd.md 4.1.
struct Key {
  Category category = Category::client;
  std::string_view key{};     ///< the topic; empty for `client`
  std::string_view subkey{};  ///< the channel; empty but for `channel`
};

}  // namespace nsqlookupd
