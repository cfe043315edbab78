#include "tests/bench/lookup_load/http_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace nsq::bench {
namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::size_t kMaxLine = 16 * 1024;

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// The header's value if `line` has that name, written in lower case.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  if (!std::equal(name.begin(), name.end(), line.begin(),
                  [&](char b, char a) { return same(a, b); })) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

HttpReader::Seen HttpReader::feed(std::string_view bytes) {
  Seen seen = Seen::part;
  while (seen == Seen::part && !bytes.empty()) {
    if (state_ == State::body || state_ == State::chunk) {
      const auto taken =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
      bytes.remove_prefix(taken);
      remaining_ -= taken;
      if (remaining_ > 0) return Seen::part;
      seen = state_ == State::body ? end_answer() : Seen::part;
      if (state_ == State::chunk) state_ = State::chunk_size;
    } else {
      const std::size_t end = bytes.find('\n');
      line_.append(bytes.substr(0, end));
      if (line_.size() > kMaxLine) return Seen::nonsense;
      if (end == std::string_view::npos) return Seen::part;
      bytes.remove_prefix(end + 1);
      if (line_.ends_with('\r')) line_.pop_back();
      seen = take_line();
      line_.clear();
    }
  }
  return seen == Seen::whole && !bytes.empty() ? Seen::nonsense : seen;
}

HttpReader::Seen HttpReader::take_line() {
  switch (state_) {
    case State::status_line: {
      const auto status =
          number(std::string_view(line_).substr(std::min(line_.size(), kVersion.size())), 10);
      if (!line_.starts_with(kVersion) || !status) return Seen::nonsense;
      status_ = static_cast<int>(*status);
      body_bytes_ = remaining_ = 0;
      chunked_ = false;
      state_ = State::header;
      return Seen::part;
    }
    case State::header:
      return line_.empty() ? begin_body() : take_header();
    case State::chunk_size: {
      const auto size = number(line_, 16);
      if (!size) return Seen::nonsense;
      body_bytes_ += *size;
      remaining_ = *size + 2;  // and its line end
      state_ = *size == 0 ? State::trailer : State::chunk;
      return Seen::part;
    }
    case State::trailer:
      return line_.empty() ? end_answer() : Seen::part;
    case State::body:
    case State::chunk:
      break;
  }
  return Seen::nonsense;
}

HttpReader::Seen HttpReader::take_header() {
  if (const auto length = value_of(line_, "content-length")) {
    const auto size = number(*length, 10);
    if (!size) return Seen::nonsense;
    body_bytes_ = remaining_ = *size;
  }
  if (const auto coding = value_of(line_, "transfer-encoding")) chunked_ = *coding == "chunked";
  return Seen::part;
}

HttpReader::Seen HttpReader::begin_body() {
  state_ = chunked_ ? State::chunk_size : State::body;
  return chunked_ || remaining_ > 0 ? Seen::part : end_answer();
}

HttpReader::Seen HttpReader::end_answer() {
  state_ = State::status_line;
  return Seen::whole;
}

}  // namespace nsq::bench
