#include "common/net/http_router.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "common/base/assert.hpp"

namespace nsq::net {
namespace {

bool equal_text(std::string_view a, std::string_view b, bool fold_case) {
  if (!fold_case) return a == b;
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return fold(x) == fold(y);
  });
}

/// The pattern's text before `:param`, or nothing for an exact pattern.
std::optional<std::string_view> param_prefix(std::string_view pattern) {
  const auto colon = pattern.find("/:");
  if (colon == pattern.npos) return std::nullopt;
  return pattern.substr(0, colon + 1);
}

/// Whether the path fits; the parameter's value (empty for an exact pattern) views into `path`.
std::optional<std::string_view> match_pattern(std::string_view pattern, std::string_view path,
                                              bool fold_case) {
  const auto prefix = param_prefix(pattern);
  if (!prefix) {
    if (!equal_text(pattern, path, fold_case)) return std::nullopt;
    return std::string_view();
  }
  if (path.size() <= prefix->size()) return std::nullopt;
  if (!equal_text(*prefix, path.substr(0, prefix->size()), fold_case)) return std::nullopt;
  const std::string_view value = path.substr(prefix->size());
  if (value.contains('/')) return std::nullopt;
  return value;
}

/// The path without empty, `.` and `..` elements; a trailing slash stays.
std::string clean_path(std::string_view path) {
  std::vector<std::string_view> elements;
  bool slash = true;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view element = path.substr(0, end);
    slash = end < path.size() || element == "." || element == "..";
    path.remove_prefix(std::min(end + 1, path.size()));
    if (element.empty() || element == ".") continue;
    if (element != "..") {
      elements.push_back(element);
    } else if (!elements.empty()) {
      elements.pop_back();
    }
  }
  std::string clean;
  for (const std::string_view element : elements) clean.append("/").append(element);
  if (slash || clean.empty()) clean += '/';
  return clean;
}

/// "/a" for "/a/" and the reverse.
std::string toggle_trailing_slash(std::string_view path) {
  return std::string(path.ends_with('/') ? path.substr(0, path.size() - 1) : path) +
         (path.ends_with('/') ? "" : "/");
}

}  // namespace

void HttpRouter::add(HttpRoute route) {
  const auto same = [&](const HttpRoute& other) {
    return other.method == route.method && other.pattern == route.pattern;
  };
  NSQ_ASSERT(std::ranges::none_of(routes_, same));
  routes_.push_back(std::move(route));
}

HttpMatch HttpRouter::match(HttpMethod method, std::string_view path) const {
  for (const HttpRoute& route : routes_) {
    if (route.method != method) continue;
    const auto value = match_pattern(route.pattern, path, false);
    if (!value) continue;
    return {.kind = HttpMatch::Kind::route, .route = &route, .text = std::string(*value)};
  }
  if (auto target = redirect_target(method, path); !target.empty()) {
    return {.kind = HttpMatch::Kind::redirect, .text = std::move(target)};
  }
  if (std::string methods = allow(path); !methods.empty()) {
    const auto kind = method == HttpMethod::options ? HttpMatch::Kind::options
                                                    : HttpMatch::Kind::method_not_allowed;
    return {.kind = kind, .text = std::move(methods)};
  }
  return {};
}

std::string HttpRouter::redirect_target(HttpMethod method, std::string_view path) const {
  if (!path.starts_with('/')) return {};
  const std::string clean = clean_path(path);
  for (const std::string& candidate : {clean, toggle_trailing_slash(clean)}) {
    for (const HttpRoute& route : routes_) {
      if (route.method != method) continue;
      const auto value = match_pattern(route.pattern, candidate, true);
      if (!value) continue;
      const auto prefix = param_prefix(route.pattern);
      return std::string(prefix.value_or(route.pattern)) + std::string(*value);
    }
  }
  return {};
}

std::string HttpRouter::allow(std::string_view path) const {
  std::set<std::string_view> methods;
  for (const HttpRoute& route : routes_) {
    if (match_pattern(route.pattern, path, false)) methods.insert(to_string(route.method));
  }
  if (methods.empty()) return {};
  methods.insert(to_string(HttpMethod::options));
  std::string list;
  for (const std::string_view method : methods) {
    if (!list.empty()) list += ", ";
    list += method;
  }
  return list;
}

}  // namespace nsq::net
