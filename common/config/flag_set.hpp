#pragma once

#include <cstddef>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/option.hpp"

namespace nsq::config {

/// What a successful parse asks of the program.
enum class Parsed {
  run,   ///< go on
  help,  ///< -h or -help was given: usage() to stderr, exit 0
};

/// The options of one program, each declared once and bound to a variable, whose value at the time
/// of `add` is the default. Command line, config file, usage text and GET /config follow from the
/// declarations. Precedence: command line, then file, then default, in whatever order parse and
/// load_file are called.
/// Lives in one thread; the targets must outlive it. Syntax: spec/nsqd.md 9.2, spec/tools.md 1.1.
class FlagSet {
 public:
  /// @param program the name in `Usage of <program>:`.
  explicit FlagSet(std::string program);

  /// Declares an option. Target: `bool&`, `std::int64_t&`, `double&`, `std::string&`,
  /// `Nanoseconds&`, `std::vector<std::string>&` (repeatable; does not split on commas),
  /// `std::vector<double>&` (repeatable; splits on commas), or a `Custom`.
  template <class Target>
  void add(const Spec& spec, Target&& target) {
    insert(spec, make_value(std::forward<Target>(target)));
  }

  /// Reads the command line; argv[0] is skipped. Stops at the first positional argument or behind
  /// `--`. Options before the faulty argument have been set already.
  /// Errc::bad_config, the context being Go's line: `flag provided but not defined: -foo`.
  Result<Parsed> parse(int argc, const char* const* argv);
  /// The same for arguments without a program name.
  Result<Parsed> parse(std::span<const std::string> args);

  /// Reads a TOML file of flat keys. What the command line gave stays.
  /// Errc::bad_config for anything wrong; the context is the whole message:
  /// `failed to load config file <file> - <why>` or, for Custom options, `failed parsing <key>
  /// <v>`. Errors found half-way leave options set: start over or exit. Source: spec/nsqd.md 9.3.
  Result<void> load_file(const std::string& path);

  /// Checks the bounds of the one option. Errc::bad_config `--<flag> must <rule>`.
  Result<void> check_bounds(std::string_view flag) const;
  /// Checks those of all options, in order of declaration.
  Result<void> check_bounds() const;

  /// What followed the last option, without a `--`.
  const std::vector<std::string>& positional() const noexcept { return positional_; }
  /// Whether the command line gave this option.
  bool given(std::string_view flag) const;

  /// The whole usage text, beginning `Usage of <program>:`, options in lexical order.
  std::string usage() const;

  /// The present value of the option with this config key, as GET /config shows it; nullopt if
  /// there is no such key.
  std::optional<std::string> show(std::string_view key) const;

  /// A declaration as tables and tests see it.
  struct Row {
    Spec spec;
    std::string type;
    std::string default_text;  ///< empty if zero
  };
  /// All options in order of declaration.
  std::vector<Row> rows() const;

 private:
  struct Option {
    Spec spec;
    std::unique_ptr<Value> value;
    std::string default_text;
    std::vector<std::string> given;  // texts of the command line, to be set again over the file's
  };

  void insert(const Spec& spec, std::unique_ptr<Value> value);
  Result<std::optional<Parsed>> parse_one(std::span<const std::string> args, std::size_t& next);
  Result<void> set_from_file(std::string_view key, const FileValue& value, unsigned line);
  Result<void> restore_given(Option& option);
  Option* find_key(std::string_view key) const;

  std::string program_;
  std::vector<std::unique_ptr<Option>> options_;
  std::map<std::string_view, Option*> by_flag_;
  std::vector<std::string> positional_;
};

/// Parses as the command-line tools do: on a bad flag its line and the usage go to `err`, on -h the
/// usage.
/// @return the status to exit with (2, or 0 for -h), or nullopt to run. Source: spec/tools.md 1.1.
std::optional<int> parse_for_tool(FlagSet& flags, int argc, const char* const* argv,
                                  std::FILE* err = stderr);

}  // namespace nsq::config
