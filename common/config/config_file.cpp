// The config file: TOML to FileValue, and the errors that name file, key and line.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "common/config/flag_set.hpp"
#include "common/config/values.hpp"

namespace nsq::config {
namespace {

Result<std::string> read_file(const std::string& path) {
  const auto system_error = [&](std::string_view action) {
    const boost::system::error_code code(errno, boost::system::system_category());
    auto reason = code.message();
    if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z') reason[0] |= 0x20;
    return fail(code, fmt::format("{} {}: {}", action, path, reason));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return system_error("open");
  std::string text;
  char chunk[4096];
  while (const auto size = std::fread(chunk, 1, sizeof chunk, file.get())) text.append(chunk, size);
  if (std::ferror(file.get()) != 0) return system_error("read");
  return text;
}

template <class T>
FileValue streamed(const T& value) {
  std::ostringstream text;
  text << value;
  return {text.str(), text.str()};
}

FileValue to_file_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return {text->get(), text->get()};
  if (const auto* number = node.as_integer()) {
    return {std::int64_t{number->get()}, fmt::format("{}", number->get())};
  }
  if (const auto* number = node.as_floating_point()) {
    return {number->get(), format_float(number->get())};
  }
  if (const auto* truth = node.as_boolean()) return {truth->get(), truth->get() ? "true" : "false"};
  if (const auto* date = node.as_date()) return streamed(date->get());
  if (const auto* time = node.as_time()) return streamed(time->get());
  if (const auto* date_time = node.as_date_time()) return streamed(date_time->get());
  if (const auto* array = node.as_array()) {
    FileValue::List list;
    std::vector<std::string> texts;
    for (const auto& element : *array) {
      list.push_back(to_file_value(element));
      texts.push_back(list.back().text);
    }
    return {std::move(list), fmt::format("[{}]", fmt::join(texts, " "))};
  }
  return {FileValue::Other{}, "{...}"};
}

struct Entry {
  std::string_view key;
  const toml::node* node;
  unsigned line;
};

// In the order of the file, so that the first mistake is the one that is reported.
std::vector<Entry> entries_by_line(const toml::table& table) {
  std::vector<Entry> entries;
  for (const auto& [key, node] : table) {
    entries.push_back({key.str(), &node, key.source().begin.line});
  }
  std::ranges::sort(entries, {}, &Entry::line);
  return entries;
}

}  // namespace

Result<void> FlagSet::load_file(const std::string& path) {
  const auto cannot = [&](std::string_view why) {
    return fail(Errc::bad_config, fmt::format("failed to load config file {} - {}", path, why));
  };
  const auto text = read_file(path);
  if (!text) return cannot(text.error().text());
  try {
    const toml::table table = toml::parse(*text);
    for (const Entry& entry : entries_by_line(table)) {
      if (auto set = set_from_file(entry.key, to_file_value(*entry.node), entry.line); !set) {
        return set.error().code == Errc::rejected ? fail(Errc::bad_config, set.error().text())
                                                  : cannot(set.error().text());
      }
    }
  } catch (const toml::parse_error& error) {
    std::string why(error.description());
    std::ranges::replace(why, '\n', ' ');
    const auto& at = error.source().begin;
    return cannot(fmt::format("{} (line {}, column {})", why, at.line, at.column));
  }
  return {};
}

// Errc::rejected marks an error that is a message of its own, without the file's name.
Result<void> FlagSet::set_from_file(std::string_view key, const FileValue& value, unsigned line) {
  Option* option = find_key(key);
  if (option == nullptr) {
    return fail(Errc::bad_config, fmt::format("unknown key {} (line {})", quote(key), line));
  }
  if (auto set = option->value->set_from_file(value); !set) {
    if (option->value->custom()) {
      return fail(Errc::rejected, fmt::format("failed parsing {} {}", key, value.text));
    }
    return fail(Errc::bad_config,
                fmt::format("ERROR: Resolve failed to coerce value {} for field {} (line {}) - {}",
                            value.text, key, line, set.error().text()));
  }
  return restore_given(*option);
}

// The command line wins: what it said is said again.
Result<void> FlagSet::restore_given(Option& option) {
  if (option.given.empty()) return {};
  option.value->clear();
  for (const std::string& text : option.given) {
    if (auto set = option.value->set(text); !set) return set;
  }
  return {};
}

}  // namespace nsq::config
