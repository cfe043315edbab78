#include "common/net/http_response.hpp"

#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace nsq::net {

std::string_view HttpDate::line() {
  const std::time_t now = std::time(nullptr);
  if (now != made_at_) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    line_ = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", utc);
    made_at_ = now;
  }
  return line_;
}

void append_response(std::string& out, const HttpResponse& response, HttpAnswerForm form,
                     std::string_view date_line) {
  constexpr std::size_t kUsualHeadBytes = 256;
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool with_body = !bodiless && !form.head && !form.body_follows;
  const std::size_t needed = out.size() + kUsualHeadBytes + (with_body ? response.body.size() : 0);
  if (needed > out.capacity()) out.reserve(std::max(needed, 2 * out.capacity()));
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.{} {} {}\r\n", form.http_1_0 ? 0 : 1, response.status,
                 http_reason(response.status));
  const auto header = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  if (!response.content_type.empty()) header("Content-Type", response.content_type);
  if (!response.skip_api_header) out.append("X-NSQ-Content-Type: nsq; version=1.0\r\n");
  for (const auto& [name, value] : response.headers) header(name, value);
  out.append(date_line);
  if (!bodiless) fmt::format_to(to, "Content-Length: {}\r\n", response.body.size());
  if (!form.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (form.http_1_0) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  if (with_body) out.append(response.body);
}

}  // namespace nsq::net
