#include <array>
#include <type_traits>
#include <variant>

#include <nlohmann/json.hpp>

#include "common/wire/identify.hpp"
#include "common/wire/json_fields.hpp"

namespace nsq::wire {
namespace {

using Json = nlohmann::ordered_json;

using Field = JsonField<IdentifyRequest>;

constexpr std::array kFields{
    Field{"client_id", &IdentifyRequest::client_id},
    Field{"hostname", &IdentifyRequest::hostname},
    Field{"user_agent", &IdentifyRequest::user_agent},
    Field{"feature_negotiation", &IdentifyRequest::feature_negotiation},
    Field{"heartbeat_interval", &IdentifyRequest::heartbeat_interval},
    Field{"output_buffer_size", &IdentifyRequest::output_buffer_size},
    Field{"output_buffer_timeout", &IdentifyRequest::output_buffer_timeout},
    Field{"sample_rate", &IdentifyRequest::sample_rate},
    Field{"msg_timeout", &IdentifyRequest::msg_timeout},
    Field{"tls_v1", &IdentifyRequest::tls_v1},
    Field{"snappy", &IdentifyRequest::snappy},
    Field{"deflate", &IdentifyRequest::deflate},
    Field{"deflate_level", &IdentifyRequest::deflate_level},
    Field{"topology_region", &IdentifyRequest::topology_region},
    Field{"topology_zone", &IdentifyRequest::topology_zone},
};

}  // namespace

Result<IdentifyRequest> parse_identify_request(std::string_view body) {
  return parse_json_fields<IdentifyRequest>(body, kFields);
}

std::string encode_identify_request(const IdentifyRequest& request) {
  Json document = Json::object();
  for (const Field& field : kFields) {
    std::visit(
        [&](auto member) {
          const auto& value = request.*member;
          if (value != std::remove_cvref_t<decltype(value)>{}) {
            document[std::string(field.key)] = value;
          }
        },
        field.member);
  }
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nsq::wire
