#include "common/wire/quote.hpp"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "common/wire/utf8.hpp"

namespace nsq::wire {
namespace {

// Unicode's tables are fmt's: its debug form leaves exactly the printable characters as they are.
bool is_printable(std::string_view character) {
  const std::string shown = fmt::format("{:?}", character);
  return shown.size() == character.size() + 2 && shown.find(character) == 1;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\a':
      out += "\\a";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\v':
      out += "\\v";
      return;
    default:
      break;
  }
  if (c >= ' ' && c <= '~') {
    out += c;
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c));
  }
}

void append_wide(std::string& out, const Rune& rune, std::string_view character) {
  if (is_printable(character)) {
    out += character;
  } else if (rune.value < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(rune.value));
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", static_cast<std::uint32_t>(rune.value));
  }
}

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    const std::string_view character = text.substr(0, rune.size);
    if (!rune.valid) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     static_cast<unsigned>(static_cast<std::uint8_t>(text.front())));
    } else if (rune.size == 1) {
      append_ascii(out, text.front());
    } else {
      append_wide(out, rune, character);
    }
    text.remove_prefix(rune.size);
  }
  out += '"';
  return out;
}

}  // namespace nsq::wire
