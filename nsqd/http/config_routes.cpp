#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/config/flag_set.hpp"
#include "common/net/http_arguments.hpp"
#include "common/wire/json_text.hpp"
#include "nsqd/http/routes.hpp"
#include "nsqd/options/table.hpp"

namespace nsqd {
namespace {

using namespace nsq::net;

/// Whether the option of this config key is a plain string, which is shown raw.
bool is_text(std::string_view key) {
  Options options;
  bool version = false;
  nsq::config::FlagSet flags("nsqd");
  declare(flags, options, version);
  return std::ranges::any_of(
      flags.rows(), [&](const auto& row) { return row.spec.key == key && row.type == "string"; });
}

/// The option's present value, or 400 INVALID_OPTION.
HttpResponse show(const ApiContext& context, std::string_view key) {
  Options present = context.options;
  present.log_level = context.logger.level();
  present.lookupd_tcp_addresses = context.settings.lookupd_addresses();
  auto value = show_option(present, key);
  if (key.empty() || !value) return error_response(400, "INVALID_OPTION");
  if (!is_text(key)) return json_response(std::move(*value));
  return value->empty() ? empty_response() : text_response(std::move(*value));
}

/// The addresses in a JSON array of strings; null is an empty one.
std::optional<std::vector<std::string>> parse_addresses(std::string_view body) {
  const auto text = nsq::wire::clean_json(body);
  if (!text) return std::nullopt;
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  std::vector<std::string> addresses;
  if (document.is_null()) return addresses;
  if (!document.is_array()) return std::nullopt;
  for (const auto& each : document) {
    if (!each.is_string()) return std::nullopt;
    addresses.push_back(each.get<std::string>());
  }
  return addresses;
}

HttpResponse change(const ApiContext& context, const HttpRequest& request) {
  if (request.body.empty()) return error_response(413, "INVALID_VALUE");
  if (request.param == "log_level") {
    const auto level = nsq::parse_log_level(request.body);
    if (!level) return error_response(400, "INVALID_VALUE");
    context.logger.set_level(*level);
  } else if (request.param == "nsqlookupd_tcp_addresses") {
    auto addresses = parse_addresses(request.body);
    if (!addresses) return error_response(400, "INVALID_VALUE");
    context.settings.set_lookupd_addresses(std::move(*addresses));
  } else {
    return error_response(400, "INVALID_OPTION");
  }
  return show(context, request.param);
}

}  // namespace

void add_config_routes(HttpRouter& router, const ApiContextPtr& context) {
  router.add({.method = HttpMethod::get,
              .pattern = "/config/:opt",
              .handler = HttpHandler(
                  [context](HttpRequest& request) { return show(*context, request.param); })});
  router.add({.method = HttpMethod::put,
              .pattern = "/config/:opt",
              .handler = HttpHandler(
                  [context](HttpRequest& request) { return change(*context, request); }),
              .max_body_bytes = static_cast<std::size_t>(context->options.max_msg_size),
              .too_large = error_response(413, "INVALID_VALUE")});
}

}  // namespace nsqd
