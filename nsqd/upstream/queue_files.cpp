#include "nsqd/upstream/queue_files.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace nsqd::upstream {
namespace {

constexpr std::string_view kInfix = ".diskqueue.";
constexpr std::string_view kMeta = "meta.dat";
constexpr std::string_view kData = ".dat";
constexpr std::string_view kBad = ".bad";
constexpr std::string_view kTemporary = ".tmp";

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool strip_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// Takes a number and `end` behind it off the front of `text`.
bool take_number(std::string_view& text, char end, std::int64_t& number) {
  const char* last = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || stop == last || *stop != end) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return true;
}

// A file number as upstream writes it, so that no two names stand for one number.
std::optional<std::int64_t> parse_file_number(std::string_view text) {
  if (!all_digits(text)) return std::nullopt;
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || fmt::format("{:06}", number) != text) return std::nullopt;
  return number;
}

bool is_temporary_meta(std::string_view text) {
  if (!text.starts_with(kMeta) || !strip_suffix(text, kTemporary)) return false;
  text.remove_prefix(kMeta.size());
  return text.starts_with('.') && all_digits(text.substr(1));
}

}  // namespace

std::string QueueName::str() const {
  return channel ? fmt::format("{}:{}", topic.view(), channel->view()) : topic.str();
}

std::optional<QueueName> QueueName::parse(std::string_view text) {
  const auto colon = text.find(':');
  auto topic = nsq::wire::TopicName::parse(text.substr(0, colon));
  if (!topic) return std::nullopt;
  if (colon == std::string_view::npos) return QueueName{*std::move(topic), std::nullopt};
  auto channel = nsq::wire::ChannelName::parse(text.substr(colon + 1));
  if (!channel) return std::nullopt;
  return QueueName{*std::move(topic), *std::move(channel)};
}

std::optional<FileName> parse_file_name(std::string_view name) {
  // The last one: a topic may itself be called "a.diskqueue.000000.dat".
  const auto infix = name.rfind(kInfix);
  if (infix == std::string_view::npos) return std::nullopt;
  auto queue = QueueName::parse(name.substr(0, infix));
  if (!queue) return std::nullopt;
  std::string_view rest = name.substr(infix + kInfix.size());
  if (rest == kMeta) return FileName{*std::move(queue), FileKind::meta};
  if (is_temporary_meta(rest)) return FileName{*std::move(queue), FileKind::temporary};
  const FileKind kind = strip_suffix(rest, kBad) ? FileKind::bad : FileKind::data;
  if (!strip_suffix(rest, kData)) return std::nullopt;
  const auto number = parse_file_number(rest);
  if (!number) return std::nullopt;
  return FileName{*std::move(queue), kind, *number};
}

std::string data_file_name(const QueueName& queue, std::int64_t number) {
  return fmt::format("{}{}{:06}{}", queue.str(), kInfix, number, kData);
}

std::string meta_file_name(const QueueName& queue) {
  return fmt::format("{}{}{}", queue.str(), kInfix, kMeta);
}

std::filesystem::path QueueFiles::path(const DataFile& file) const {
  std::string text = data_file_name(name, file.number);
  if (file.bad) text += kBad;
  return directory / text;
}

std::vector<std::string> QueueFiles::names() const {
  std::vector<std::string> all = temporary;
  for (const DataFile& file : data) all.push_back(path(file).filename().native());
  if (has_meta) all.push_back(meta_file_name(name));
  return all;
}

std::string format_positions(const Positions& p) {
  return fmt::format("{}\n{},{}\n{},{}\n", p.depth, p.read_file, p.read_offset, p.write_file,
                     p.write_offset);
}

std::optional<Positions> parse_positions(std::string_view text) {
  Positions p;
  const bool valid = take_number(text, '\n', p.depth) && take_number(text, ',', p.read_file) &&
                     take_number(text, '\n', p.read_offset) &&
                     take_number(text, ',', p.write_file) &&
                     take_number(text, '\n', p.write_offset) && text.empty();
  if (!valid || std::min({p.read_file, p.read_offset, p.write_file, p.write_offset}) < 0) {
    return std::nullopt;
  }
  return p;
}

}  // namespace nsqd::upstream
