#pragma once

#include <cstdint>
#include <string_view>

#include "clients/nsq/options.hpp"
#include "common/base/result.hpp"

namespace nsq::client {

/// The options of a Producer or Consumer while they are collected.
///
/// Set them by name, as `-consumer-opt` and `-producer-opt` do, or through `values`; whoever is
/// constructed with the Config takes what freeze() returns. A value type. Source:
/// spec/client.md 13.
class Config {
 public:
  /// Starts from the defaults, and from this host's name.
  Config();

  /// Sets one option; dashes in `key` are underscores. Errc::bad_config with one of
  ///   `invalid option <key>`, `failed to coerce option <key> (<text>) - <reason>`,
  ///   `invalid <key> ! <value> < <min>`, `invalid <key> ! <value> > <max>`.
  Result<void> set(std::string_view key, std::string_view text);
  Result<void> set(std::string_view key, const char* text) {
    return set(key, std::string_view(text));
  }
  /// The same for numbers; a duration's are milliseconds.
  Result<void> set(std::string_view key, std::int64_t number);
  Result<void> set(std::string_view key, bool value);

  /// Sets `key,value` (split at the first comma) or `key`, which means true: what follows
  /// `-consumer-opt` on a command line. Source: spec/tools.md 1.5.
  Result<void> set_pair(std::string_view text);

  /// The options, checked alone and against each other. Errc::bad_config with the reason; features
  /// that this version does not have yet are refused here: `tls_v1 is not supported yet`.
  Result<Options> freeze() const;

  Options values;
};

}  // namespace nsq::client
