#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace nsq::config {

/// Smallest and largest accepted value of an integer option, or of a duration in nanoseconds.
struct Bounds {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  /// What the error says after `--<flag> must `, e.g. `be [1,9]`.
  std::string_view rule;
};

inline constexpr std::int64_t kNoMax = std::numeric_limits<std::int64_t>::max();
inline constexpr Bounds kNotNegative{.min = 0, .max = kNoMax, .rule = "not be negative"};
inline constexpr Bounds kPositive{.min = 1, .max = kNoMax, .rule = "be positive"};

/// How an option is named and explained. The texts must outlive the FlagSet: string literals.
struct Spec {
  std::string_view flag;       ///< without dashes
  std::string_view key = {};   ///< in the config file; empty: command line only
  std::string_view help = {};  ///< one sentence
  std::string_view unit = {};  ///< shown in the usage instead of the type, e.g. `bytes`
  Bounds bounds = {};          ///< checked by FlagSet::check_bounds, for integers and durations
};

/// A value of the config file, free of the TOML library.
struct FileValue {
  using List = std::vector<FileValue>;
  /// What is neither of these (a table, a date) arrives as `Other`.
  struct Other {};
  std::variant<std::string, std::int64_t, double, bool, List, Other> value;
  std::string text;  ///< as messages show it
};

/// An option of a kind of its own: how text becomes its value and how the value is shown.
struct Custom {
  /// Takes one value; the error's context is the reason that the message ends with. Required.
  std::function<Result<void>(std::string_view text)> set;
  /// The present value as the usage text shows a default; empty or absent: none to show.
  std::function<std::string()> text = {};
  /// The present value as GET /config shows it; absent: as `text`.
  std::function<std::string()> shown = {};
  /// Forgets what `set` collected, before the command line replaces a list of the file.
  std::function<void()> clear = {};
  /// Needs no value on the command line (`-flag` means `-flag=true`) and takes one only with `=`.
  bool boolean_like = false;
};

/// The value side of an option: reads text into its target and shows it. Implementations are made
/// by FlagSet::add. Does not own the target.
class Value {
 public:
  Value() = default;
  virtual ~Value() = default;
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  /// Takes a value of the command line. Lists append. The error's context is the bare reason.
  virtual Result<void> set(std::string_view text) = 0;
  /// Takes a value of the config file, converted by the rules of spec/nsqd.md 9.3. Lists replace.
  virtual Result<void> set_from_file(const FileValue& value) = 0;
  /// Empties a list; a scalar stays.
  virtual void clear() {}
  /// What the usage calls the type: `int`, `duration`, `value`, or nothing for a boolean.
  virtual std::string_view type_name() const = 0;
  /// The present value as the usage shows a default; empty if it is the type's zero value.
  virtual std::string default_text() const = 0;
  /// The present value as GET /config shows it. Source: spec/nsqd.md 6.6.
  virtual std::string shown() const = 0;
  virtual bool boolean_like() const { return false; }
  virtual bool custom() const { return false; }
  /// Whether the present value lies within the bounds.
  virtual bool within(const Bounds&) const { return true; }
};

// One maker a kind. The target must outlive the Value; its present value is the default.
std::unique_ptr<Value> make_value(bool& target);
std::unique_ptr<Value> make_value(std::int64_t& target);
std::unique_ptr<Value> make_value(double& target);
std::unique_ptr<Value> make_value(std::string& target);
std::unique_ptr<Value> make_value(Nanoseconds& target);
std::unique_ptr<Value> make_value(std::vector<std::string>& target);
std::unique_ptr<Value> make_value(std::vector<double>& target);
std::unique_ptr<Value> make_value(Custom custom);

}  // namespace nsq::config
