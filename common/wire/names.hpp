#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <boost/container_hash/hash.hpp>

#include "common/base/result.hpp"
#include "common/wire/quote.hpp"

namespace nsq::wire {

/// Longest topic or channel name in bytes, a "#ephemeral" included.
inline constexpr std::size_t kMaxNameBytes = 64;

/// Whether `name` may name a topic or a channel: 1 to 64 bytes of `. a-z A-Z 0-9 _ -`, then perhaps
/// "#ephemeral". Source: spec/nsqd.md 5.1.
bool is_valid_name(std::string_view name) noexcept;

/// Whether a valid name asks for a topic or channel that lives only as long as it is used.
bool is_ephemeral(std::string_view name) noexcept;

/// A name that passed is_valid_name. `Kind` keeps topics and channels apart.
///
/// Ordered and compared as bytes. For a hash table that is searched by string_view without a copy:
/// `boost::unordered_flat_map<TopicName, T, NameHash, NameEqual>`.
template <class Kind>
class Name {
 public:
  /// The checked name, or Errc::bad_name with the text "invalid topic name" or "invalid channel
  /// name".
  static Result<Name> parse(std::string_view text) {
    if (!is_valid_name(text)) return fail(Errc::bad_name, std::string(Kind::kInvalid));
    return Name(std::string(text));
  }

  std::string_view view() const noexcept { return text_; }
  const std::string& str() const noexcept { return text_; }
  bool ephemeral() const noexcept { return is_ephemeral(text_); }

  friend bool operator==(const Name&, const Name&) = default;
  friend auto operator<=>(const Name&, const Name&) = default;
  friend bool operator==(const Name& a, std::string_view b) noexcept { return a.text_ == b; }
  friend std::size_t hash_value(const Name& name) noexcept {
    return boost::hash<std::string_view>()(name.view());
  }

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

struct TopicKind {
  static constexpr std::string_view kInvalid = "invalid topic name";
};
struct ChannelKind {
  static constexpr std::string_view kInvalid = "invalid channel name";
};
using TopicName = Name<TopicKind>;
using ChannelName = Name<ChannelKind>;

/// Hashes names and their text alike.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return boost::hash<std::string_view>()(text);
  }
  template <class Kind>
  std::size_t operator()(const Name<Kind>& name) const noexcept {
    return (*this)(name.view());
  }
};

/// Compares names and their text alike.
struct NameEqual {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    return text(a) == text(b);
  }

 private:
  static std::string_view text(std::string_view text) noexcept { return text; }
  template <class Kind>
  static std::string_view text(const Name<Kind>& name) noexcept {
    return name.view();
  }
};

}  // namespace nsq::wire

template <class Kind>
struct std::hash<nsq::wire::Name<Kind>> {
  std::size_t operator()(const nsq::wire::Name<Kind>& name) const noexcept {
    return hash_value(name);
  }
};
