#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "nsqd/auth/credentials.hpp"
#include "nsqd/auth/digest.hpp"
#include "nsqd/auth/glob.hpp"
#include "nsqd/auth/grant.hpp"

namespace nsqd {

/// A topic pattern, and perhaps one for its channels.
struct Place {
  Glob topic;
  std::optional<Glob> channel;
};

/// One [[identity]] of an auth file.
struct IdentityEntry {
  std::string name;
  std::string url;
  std::optional<Digest> secret;
  std::string tls_common_name;  ///< empty: any certificate, or none
  std::vector<Glob> publish;
  std::vector<Place> subscribe;
  std::vector<Place> manage;
  bool monitor = false;
  bool admin = false;
};

/// Somebody whom the auth file knows, and what they may do. Constant.
class Identity final : public Permissions {
 public:
  explicit Identity(IdentityEntry entry) : entry_(std::move(entry)) {}

  const IdentityEntry& entry() const noexcept { return entry_; }

  bool may_publish(std::string_view topic) const override;
  bool may_subscribe(std::string_view topic, std::string_view channel) const override;
  std::size_t count() const noexcept override;

  /// Create, pause, empty, delete and configure a topic, and so all of its channels.
  bool may_manage(std::string_view topic) const;
  /// The same for a channel.
  bool may_manage(std::string_view topic, std::string_view channel) const;
  /// Statistics and metrics of everything.
  bool may_monitor() const noexcept { return entry_.monitor || entry_.admin; }
  /// Everything.
  bool may_administrate() const noexcept { return entry_.admin; }
  /// Whether a topic is any business of theirs: they may publish to it, subscribe or manage
  /// something of it.
  bool may_see(std::string_view topic) const;

 private:
  const IdentityEntry entry_;
};

/// An --auth-file as a value. Constant, so any thread may ask. Format: docs/operations.md.
class AuthFile {
 public:
  /// @return Errc::bad_config with `line N: why`, which never repeats a secret.
  static nsq::Result<AuthFile> parse(std::string_view text);

  /// Who this is; null if nobody. A secret must be that of an identity, whose certificate, if it
  /// names one, must be the client's. Failing that, a verified certificate alone is enough for the
  /// identity that asks for nothing but it.
  std::shared_ptr<const Identity> find(const Credentials& client) const;

  std::size_t size() const noexcept { return identities_.size(); }
  /// Whether any secret stands in the file itself rather than its digest.
  bool has_plain_secrets() const noexcept { return plain_secrets_; }

 private:
  std::vector<std::shared_ptr<const Identity>> identities_;
  bool plain_secrets_ = false;
};

}  // namespace nsqd
