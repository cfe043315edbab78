#include <array>
#include <optional>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "common/wire/identify.hpp"
#include "common/wire/json_text.hpp"

namespace nsq::wire {
namespace {

using Json = nlohmann::json;  // for reading: an ordered one searches its keys one by one

struct Field {
  const char* key;
  std::variant<std::string IdentifyResponse::*, bool IdentifyResponse::*,
               std::int64_t IdentifyResponse::*>
      member;
};

// In the order of the answer.
constexpr std::array kFields{
    Field{"max_rdy_count", &IdentifyResponse::max_rdy_count},
    Field{"version", &IdentifyResponse::version},
    Field{"max_msg_timeout", &IdentifyResponse::max_msg_timeout},
    Field{"msg_timeout", &IdentifyResponse::msg_timeout},
    Field{"tls_v1", &IdentifyResponse::tls_v1},
    Field{"deflate", &IdentifyResponse::deflate},
    Field{"deflate_level", &IdentifyResponse::deflate_level},
    Field{"max_deflate_level", &IdentifyResponse::max_deflate_level},
    Field{"snappy", &IdentifyResponse::snappy},
    Field{"sample_rate", &IdentifyResponse::sample_rate},
    Field{"auth_required", &IdentifyResponse::auth_required},
    Field{"output_buffer_size", &IdentifyResponse::output_buffer_size},
    Field{"output_buffer_timeout", &IdentifyResponse::output_buffer_timeout},
    Field{"topology_region", &IdentifyResponse::topology_region},
    Field{"topology_zone", &IdentifyResponse::topology_zone},
};

// The value if it is of that type.
template <class T>
std::optional<T> get_as(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) return value.template get<bool>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (value.is_string()) return value.template get<std::string>();
  } else {
    if (value.is_number_unsigned() && !std::in_range<T>(value.template get<std::uint64_t>())) {
      return std::nullopt;
    }
    if (value.is_number_integer()) return value.template get<T>();
  }
  return std::nullopt;
}

bool read_field(const Json& document, const Field& field, IdentifyResponse& response) {
  const auto found = document.find(field.key);
  if (found == document.end() || found->is_null()) return true;
  return std::visit(
      [&](auto member) {
        auto value = get_as<std::remove_cvref_t<decltype(response.*member)>>(*found);
        if (!value) return false;
        response.*member = std::move(*value);
        return true;
      },
      field.member);
}

// Extensions are optional: what is not of our shape is not there.
std::vector<std::string> read_features(const Json& document) {
  std::vector<std::string> features;
  const auto extensions = document.find("x");
  if (extensions == document.end() || !extensions->is_object()) return features;
  const auto list = extensions->find("features");
  if (list == extensions->end() || !list->is_array()) return features;
  for (const Json& name : *list) {
    if (name.is_string()) features.push_back(name.get<std::string>());
  }
  return features;
}

}  // namespace

std::string encode_identify_response(const IdentifyResponse& response) {
  auto document = nlohmann::ordered_json::object();
  for (const Field& field : kFields) {
    std::visit([&](auto member) { document[field.key] = response.*member; }, field.member);
  }
  if (!response.features.empty()) document["x"]["features"] = response.features;
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<IdentifyResponse> parse_identify_response(std::string_view text) {
  const auto clean = clean_json(text);
  if (!clean) return fail(clean.error().code, clean.error().context);
  const Json document = Json::parse(*clean, nullptr, false);
  if (!document.is_object()) return fail(Errc::bad_json, "IDENTIFY response is not a JSON object");
  IdentifyResponse response;
  for (const Field& field : kFields) {
    if (!read_field(document, field, response)) {
      return fail(Errc::bad_json, std::string("IDENTIFY response: ") + field.key);
    }
  }
  response.features = read_features(document);
  return response;
}

}  // namespace nsq::wire
