#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace nsqd {

/// What an identity may do on the TCP protocol. Constant once it is made, so any thread may ask.
class Permissions {
 public:
  Permissions() = default;
  Permissions(const Permissions&) = delete;
  Permissions& operator=(const Permissions&) = delete;
  virtual ~Permissions() = default;

  virtual bool may_publish(std::string_view topic) const = 0;
  virtual bool may_subscribe(std::string_view topic, std::string_view channel) const = 0;
  /// How many entries there are; 0: nothing is allowed, and AUTH says so.
  virtual std::size_t count() const noexcept = 0;
};

/// The answer to the question who a client is. A value, cheap to copy.
struct Grant {
  std::string identity;      ///< a name for people; may be empty
  std::string identity_url;  ///< likewise
  std::shared_ptr<const Permissions> permissions;
  nsq::Nanoseconds ttl = nsq::Nanoseconds::max();  ///< how long it holds; max: no limit
  /// The number of the auth file it is from: with another file it does not hold any more. 0: it is
  /// not from a file.
  std::uint64_t generation = 0;
};

}  // namespace nsqd
