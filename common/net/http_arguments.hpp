#pragma once

#include <expected>
#include <string_view>

#include "common/net/http_message.hpp"

namespace nsq::net {

/// A value, or the answer that refuses the request: handlers check step by step.
template <class T>
using Checked = std::expected<T, HttpResponse>;

/// The refusing side of a Checked: `{"message":"<code>"}`.
inline std::unexpected<HttpResponse> refuse(int status, std::string_view code) {
  return std::unexpected(error_response(status, code));
}

/// Whether the query could be read; 400 INVALID_REQUEST.
Checked<void> check_query(const HttpRequest& request);

/// The query's parameter, perhaps empty, viewing into the request; 400 `missing` without it, 400
/// INVALID_REQUEST before that.
Checked<std::string_view> required(const HttpRequest& request, std::string_view name,
                                   std::string_view missing);

}  // namespace nsq::net
