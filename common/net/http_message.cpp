#include "common/net/http_message.hpp"

#include <algorithm>
#include <array>

namespace nsq::net {
namespace {

constexpr std::array<std::pair<HttpMethod, std::string_view>, 7> kMethods{{
    {HttpMethod::get, "GET"},
    {HttpMethod::head, "HEAD"},
    {HttpMethod::post, "POST"},
    {HttpMethod::put, "PUT"},
    {HttpMethod::del, "DELETE"},
    {HttpMethod::options, "OPTIONS"},
    {HttpMethod::patch, "PATCH"},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

}  // namespace

std::string_view to_string(HttpMethod method) {
  for (const auto& [value, name] : kMethods) {
    if (value == method) return name;
  }
  return "";
}

HttpMethod parse_http_method(std::string_view name) {
  for (const auto& [value, known] : kMethods) {
    if (known == name) return value;
  }
  return HttpMethod::other;
}

void HttpHeaders::add(std::string_view name, std::string_view value) {
  entries_.push_back({.begin = static_cast<std::uint32_t>(text_.size()),
                      .name_bytes = static_cast<std::uint32_t>(name.size()),
                      .value_bytes = static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto [known, value] = at(i);
    if (equal_names(known, name)) return value;
  }
  return std::nullopt;
}

std::pair<std::string_view, std::string_view> HttpHeaders::at(std::size_t i) const {
  const Entry& entry = entries_[i];
  const std::string_view text = text_;
  return {text.substr(entry.begin, entry.name_bytes),
          text.substr(entry.begin + entry.name_bytes, entry.value_bytes)};
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return true;
}

QueryParams QueryParams::parse(std::string_view raw) {
  QueryParams params;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const std::string_view part = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const std::string_view value = equals == part.npos ? "" : part.substr(equals + 1);
    std::pair<std::string, std::string> param;
    if (part.contains(';') || !percent_decode(part.substr(0, equals), true, param.first) ||
        !percent_decode(value, true, param.second)) {
      params.error_ = true;
      continue;
    }
    params.params_.push_back(std::move(param));
  }
  return params;
}

std::optional<std::string_view> QueryParams::find(std::string_view name) const {
  for (const auto& [known, value] : params_) {
    if (known == name) return value;
  }
  return std::nullopt;
}

HttpResponse text_response(std::string body) {
  return {.body = std::move(body), .content_type = "text/plain; charset=utf-8", .headers = {}};
}

HttpResponse empty_response() {
  return {};
}

HttpResponse json_response(std::string body, int status) {
  return {.status = status,
          .body = std::move(body),
          .content_type = "application/json; charset=utf-8",
          .headers = {}};
}

HttpResponse error_response(int status, std::string_view code) {
  std::string body = R"({"message":")";
  body.append(code).append(R"("})");
  return json_response(std::move(body), status);
}

std::string_view http_reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Request Entity Too Large";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace nsq::net
