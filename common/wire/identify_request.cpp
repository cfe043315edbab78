#include <array>
#include <limits>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "common/wire/identify.hpp"
#include "common/wire/json_text.hpp"

namespace nsq::wire {
namespace {

using Json = nlohmann::ordered_json;

struct Field {
  std::string_view key;
  std::variant<std::string IdentifyRequest::*, bool IdentifyRequest::*,
               std::int64_t IdentifyRequest::*, std::int32_t IdentifyRequest::*>
      member;
};

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

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

const Field* find_field(std::string_view key) {
  for (const Field& field : kFields) {
    if (equal_ignoring_case(field.key, key)) return &field;
  }
  return nullptr;
}

// Fills the request event by event. A tree would lose the order of keys that differ in case only,
// and how a number was written. Every event returns whether to go on.
class RequestReader final : public nlohmann::json_sax<Json> {
 public:
  IdentifyRequest take() { return std::move(request_); }

  bool null() override { return true; }  // absence, also at the top
  bool boolean(bool value) override { return set<bool>(value); }
  bool number_integer(std::int64_t value) override { return set_integer(value); }
  bool number_unsigned(std::uint64_t value) override {
    // The reader calls this for every integer without a sign, also the small ones.
    if (!wanted()) return ignored();
    return std::in_range<std::int64_t>(value) && set_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(double, const std::string&) override { return ignored(); }
  bool string(std::string& value) override { return set<std::string>(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }

  bool start_object(std::size_t) override {
    if (depth_ > 0 && !ignored()) return false;
    ++depth_;
    return true;
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override {
    if (!ignored()) return false;
    ++depth_;
    return true;
  }
  bool end_array() override { return leave(); }
  bool key(std::string& name) override {
    if (depth_ == 1) field_ = find_field(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  // A value of one of our fields, not something inside an unknown one.
  bool wanted() const { return depth_ == 1 && field_ != nullptr; }
  // Whether a value of the wrong type may stand here: under an unknown key, but not at the top.
  bool ignored() const { return depth_ > 0 && !wanted(); }
  bool leave() {
    --depth_;
    return true;
  }

  template <class T>
  bool set(T value) {
    if (!wanted()) return ignored();
    const auto* member = std::get_if<T IdentifyRequest::*>(&field_->member);
    if (member == nullptr) return false;
    request_.** member = std::move(value);
    return true;
  }

  bool set_integer(std::int64_t value) {
    const bool narrow =
        wanted() && std::holds_alternative<std::int32_t IdentifyRequest::*>(field_->member);
    if (!narrow) return set<std::int64_t>(value);
    return std::in_range<std::int32_t>(value) &&
           set<std::int32_t>(static_cast<std::int32_t>(value));
  }

  IdentifyRequest request_;
  const Field* field_ = nullptr;
  std::size_t depth_ = 0;
};

}  // namespace

Result<IdentifyRequest> parse_identify_request(std::string_view body) {
  const auto text = clean_json(body);
  if (!text) return fail(text.error().code, text.error().context);
  RequestReader reader;
  if (!Json::sax_parse(*text, &reader)) return fail(Errc::bad_json, "IDENTIFY body");
  return reader.take();
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
