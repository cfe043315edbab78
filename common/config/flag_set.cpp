#include "common/config/flag_set.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/assert.hpp"
#include "common/config/values.hpp"

namespace nsq::config {
namespace {

auto bad(std::string line) {
  return fail(Errc::bad_config, std::move(line));
}

}  // namespace

FlagSet::FlagSet(std::string program) : program_(std::move(program)) {}

void FlagSet::insert(const Spec& spec, std::unique_ptr<Value> value) {
  auto option = std::make_unique<Option>();
  option->spec = spec;
  option->default_text = value->default_text();
  option->value = std::move(value);
  const bool unique = by_flag_.emplace(spec.flag, option.get()).second;
  NSQ_ASSERT(unique);
  options_.push_back(std::move(option));
}

Result<Parsed> FlagSet::parse(int argc, const char* const* argv) {
  std::vector<std::string> args;
  if (argc > 1) args.assign(argv + 1, argv + argc);
  return parse(args);
}

Result<Parsed> FlagSet::parse(std::span<const std::string> args) {
  std::size_t next = 0;
  while (next < args.size()) {
    const std::string& arg = args[next];
    if (arg.size() < 2 || arg[0] != '-') break;  // a lone "-" is a positional argument
    if (arg == "--") {
      ++next;
      break;
    }
    auto outcome = parse_one(args, next);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    if (*outcome) return **outcome;
  }
  positional_.assign(args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  return Parsed::run;
}

// Takes the option at `next`, with its value if that is an argument of its own. Has an outcome only
// if parsing ends here.
Result<std::optional<Parsed>> FlagSet::parse_one(std::span<const std::string> args,
                                                 std::size_t& next) {
  const std::string_view arg = args[next++];
  std::string_view name = arg.substr(arg[1] == '-' ? 2 : 1);
  if (name.empty() || name[0] == '-' || name[0] == '=') {
    return bad(fmt::format("bad flag syntax: {}", arg));
  }
  std::optional<std::string_view> text;
  if (const auto equals = name.find('='); equals != std::string_view::npos) {
    text = name.substr(equals + 1);
    name = name.substr(0, equals);
  }

  const auto found = by_flag_.find(name);
  if (found == by_flag_.end()) {
    if (name == "help" || name == "h") return std::optional(Parsed::help);
    return bad(fmt::format("flag provided but not defined: -{}", name));
  }
  Option& option = *found->second;
  const bool boolean = option.value->boolean_like();
  if (!text && boolean) text = "true";
  if (!text) {
    if (next == args.size()) return bad(fmt::format("flag needs an argument: -{}", name));
    text = args[next++];
  }

  if (option.given.empty()) option.value->clear();
  if (auto set = option.value->set(*text); !set) {
    const auto format =
        boolean ? "invalid boolean value {} for -{}: {}" : "invalid value {} for flag -{}: {}";
    return bad(fmt::format(fmt::runtime(format), quote(*text), name, set.error().text()));
  }
  option.given.emplace_back(*text);
  return std::optional<Parsed>();
}

Result<void> FlagSet::check_bounds(std::string_view flag) const {
  const auto found = by_flag_.find(flag);
  NSQ_ASSERT(found != by_flag_.end());
  const Option& option = *found->second;
  if (option.value->within(option.spec.bounds)) return {};
  return bad(fmt::format("--{} must {}", flag, option.spec.bounds.rule));
}

Result<void> FlagSet::check_bounds() const {
  for (const auto& option : options_) {
    if (auto checked = check_bounds(option->spec.flag); !checked) return checked;
  }
  return {};
}

bool FlagSet::given(std::string_view flag) const {
  const auto found = by_flag_.find(flag);
  return found != by_flag_.end() && !found->second->given.empty();
}

std::string FlagSet::usage() const {
  std::string out = fmt::format("Usage of {}:\n", program_);
  for (const auto& [flag, option] : by_flag_) {
    const auto& spec = option->spec;
    const auto type = spec.unit.empty() ? option->value->type_name() : spec.unit;
    auto head = fmt::format("  -{}{}{}", flag, type.empty() ? "" : " ", type);
    // As Go does, a boolean of one letter has its text on the same line.
    head += head.size() <= 4 ? "\t" : "\n    \t";
    out += head;
    out += spec.help;
    if (!option->default_text.empty()) out += fmt::format(" (default {})", option->default_text);
    out += '\n';
  }
  return out;
}

FlagSet::Option* FlagSet::find_key(std::string_view key) const {
  if (key.empty()) return nullptr;
  const auto found =
      std::ranges::find_if(options_, [key](const auto& option) { return option->spec.key == key; });
  return found == options_.end() ? nullptr : found->get();
}

std::optional<std::string> FlagSet::show(std::string_view key) const {
  const Option* option = find_key(key);
  if (option == nullptr) return std::nullopt;
  return option->value->shown();
}

std::vector<FlagSet::Row> FlagSet::rows() const {
  std::vector<Row> rows;
  rows.reserve(options_.size());
  for (const auto& option : options_) {
    rows.push_back({.spec = option->spec,
                    .type = std::string(option->value->type_name()),
                    .default_text = option->default_text});
  }
  return rows;
}

std::optional<int> parse_for_tool(FlagSet& flags, int argc, const char* const* argv,
                                  std::FILE* err) {
  const auto parsed = flags.parse(argc, argv);
  if (parsed && *parsed == Parsed::run) return std::nullopt;
  if (!parsed) fmt::print(err, "{}\n", parsed.error().text());
  fmt::print(err, "{}", flags.usage());
  return parsed ? 0 : 2;
}

}  // namespace nsq::config
