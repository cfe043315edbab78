#include "nsqd/stats/json_text.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace nsqd {
namespace {

bool needs_no_escape(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (std::ranges::all_of(text, needs_no_escape)) {
    out.append("\"").append(text).append("\"");
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace nsqd
