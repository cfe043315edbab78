#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "common/base/result.hpp"
#include "common/wire/json_text.hpp"

namespace nsq::wire {

/// Which member of T takes the value under `key`.
template <class T>
struct JsonField {
  std::string_view key;
  std::variant<std::string T::*, bool T::*, std::int64_t T::*, std::int32_t T::*> member;
};

/// Whether two keys are the same but for the case of ASCII letters.
inline bool equal_keys(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// Fills a T event by event. A tree would lose the order of keys that differ in case only, and how
/// a number was written. Every event returns whether to go on. Used by parse_json_fields.
template <class T>
class JsonFieldsReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonFieldsReader(std::span<const JsonField<T>> fields) : fields_(fields) {}

  T take() { return std::move(value_); }

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
  bool binary(nlohmann::json::binary_t&) override { return false; }

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
  const JsonField<T>* find_field(std::string_view key) const {
    for (const JsonField<T>& field : fields_) {
      if (equal_keys(field.key, key)) return &field;
    }
    return nullptr;
  }

  // A value of one of our fields, not something inside an unknown one.
  bool wanted() const { return depth_ == 1 && field_ != nullptr; }
  // Whether a value of the wrong type may stand here: under an unknown key, but not at the top.
  bool ignored() const { return depth_ > 0 && !wanted(); }
  bool leave() {
    --depth_;
    return true;
  }

  template <class V>
  bool set(V value) {
    if (!wanted()) return ignored();
    const auto* member = std::get_if<V T::*>(&field_->member);
    if (member == nullptr) return false;
    value_.** member = std::move(value);
    return true;
  }

  bool set_integer(std::int64_t value) {
    const bool narrow = wanted() && std::holds_alternative<std::int32_t T::*>(field_->member);
    if (!narrow) return set<std::int64_t>(value);
    return std::in_range<std::int32_t>(value) &&
           set<std::int32_t>(static_cast<std::int32_t>(value));
  }

  std::span<const JsonField<T>> fields_;
  T value_{};
  const JsonField<T>* field_ = nullptr;
  std::size_t depth_ = 0;
};

/// Reads a JSON object into a T as upstream's decoder does: keys match whatever their letter case,
/// the last of equal ones counts, unknown ones are skipped, null (also for the whole) is absence,
/// and a number must be written as an integer.
///
/// @param fields  the known keys; a value of another type than its member's is an error.
/// @return the T; or Errc::bad_json. For sources only: the header brings nlohmann/json.
template <class T>
Result<T> parse_json_fields(std::string_view body, std::span<const JsonField<T>> fields) {
  const auto text = clean_json(body);
  if (!text) return fail(text.error().code, text.error().context);
  JsonFieldsReader<T> reader(fields);
  if (!nlohmann::json::sax_parse(*text, &reader)) return fail(Errc::bad_json, "IDENTIFY body");
  return reader.take();
}

}  // namespace nsq::wire
