#pragma once

#include <expected>
#include <string>
#include <utility>

#include <boost/system/error_code.hpp>

#include "common/base/errc.hpp"

namespace nsq {

/// Why an operation failed: `code` is for programs, `context` is for the log line.
struct Error {
  boost::system::error_code code;
  std::string context;

  /// The context if there is one, else the code's text.
  std::string text() const { return context.empty() ? code.message() : context; }
};

/// A T, or the Error that explains why there is none. Dropping one is a compiler warning.
template <class T>
class [[nodiscard]] [[gnu::warn_unused]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

/// The error side of a Result: `return fail(Errc::bad_name, "invalid topic name");`
inline std::unexpected<Error> fail(boost::system::error_code code, std::string context = {}) {
  return std::unexpected<Error>(Error{code, std::move(context)});
}

}  // namespace nsq
